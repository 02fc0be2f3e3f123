import { writeFileAtomically } from "../../files/write-file-node.ts";
import { type TensorToWrite, writeSafetensors } from "./write.ts";

/**
 * Writes a safetensors file: the old file stays until the new one is complete.
 *
 * @throws ArgumentError as `writeSafetensors` does. @throws FileError where the file cannot be written.
 */
export async function saveSafetensors(
  path: string,
  tensors: Iterable<TensorToWrite>,
  metadata?: ReadonlyMap<string, string>,
): Promise<void> {
  await writeFileAtomically(path, writeSafetensors(tensors, metadata));
}
