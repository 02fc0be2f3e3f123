import { ArgumentError, FileError } from "../errors.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { FileSource } from "./file-source.ts";
import { prefixed } from "./prefixed-source.ts";
import { openPytorchBin } from "./pytorch-bin/open.ts";
import { fileNameIn } from "./relative-path.ts";
import { openSafetensors } from "./safetensors/open.ts";
import { type OpenShard, openSharded } from "./sharded.ts";

export interface OpenCheckpointOptions {
  /** The subfolder that holds the checkpoint, such as "2_Dense"; the source itself where it is not given. */
  readonly folder?: string;
}

const openSafetensorsIndex: OpenShard = (source, path) => openSharded(source, path, openSafetensors);
const openPickledIndex: OpenShard = (source, path) => openSharded(source, path, openPytorchBin);

/** In the order in which the reference looks for them. */
const formats: readonly { readonly path: string; readonly open: OpenShard }[] = [
  { path: "model.safetensors", open: openSafetensors },
  { path: "model.safetensors.index.json", open: openSafetensorsIndex },
  { path: "pytorch_model.bin", open: openPytorchBin },
  { path: "pytorch_model.bin.index.json", open: openPickledIndex },
];

const endings: readonly (readonly [ending: string, open: OpenShard])[] = [
  [".safetensors", openSafetensors],
  [".safetensors.index.json", openSafetensorsIndex],
  [".bin", openPytorchBin],
  [".bin.index.json", openPickledIndex],
  [".pt", openPytorchBin],
  [".pth", openPytorchBin],
];

/**
 * Opens the weights of a model folder: the first of model.safetensors, model.safetensors.index.json,
 * pytorch_model.bin and pytorch_model.bin.index.json that is there.
 *
 * @throws FileError where none of them is. @throws FormatError, UnsupportedError as the formats do.
 */
export async function openCheckpoint(
  source: FileSource,
  { folder = "" }: OpenCheckpointOptions = {},
): Promise<Checkpoint> {
  const place = prefixed(source, folder);
  for (const { path, open } of formats) {
    if (await place.exists(path)) return await open(place, path);
  }
  const paths = formats.map(({ path }) => path).join(", ");
  throw new FileError(place.name, `no checkpoint found; looked for ${paths}`, { code: "weights-not-found" });
}

/**
 * Opens one file, in the format that its name ends in.
 *
 * @throws ArgumentError for other endings. @throws FileError, FormatError, UnsupportedError as the formats do.
 */
export async function openCheckpointFile(source: FileSource, path: string): Promise<Checkpoint> {
  for (const [ending, open] of endings) if (path.endsWith(ending)) return await open(source, path);
  const known = endings.map(([ending]) => ending).join(", ");
  throw new ArgumentError(
    `${fileNameIn(source.name, path)}: expected the name of a checkpoint to end in ${known}`,
    { code: "unknown-format", subject: path },
  );
}
