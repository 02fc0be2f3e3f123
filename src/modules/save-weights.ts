import type { Checkpoint, TensorInfo } from "../checkpoint/checkpoint.ts";
import { elementCount } from "../checkpoint/dtype.ts";
import { fromFloat32 } from "../checkpoint/from-float32.ts";
import { type TensorToWrite, writeSafetensors } from "../checkpoint/safetensors/write.ts";
import type { FileTarget } from "../files/file-target.ts";
import { WEIGHTS } from "../files/model-files.ts";

/** The element type of saved weights. */
export type SavedDType = "float32" | "float16";

const storedTypes = { float32: "F32", float16: "F16" } as const;

/** Writes `model.safetensors`: floating-point tensors as `dtype`, the others as they are, one at a time. */
export async function saveWeights(
  target: FileTarget,
  open: () => Promise<Checkpoint>,
  dtype: SavedDType,
): Promise<void> {
  const checkpoint = await open();
  try {
    const tensors = [...checkpoint.tensors.values()].map((info) => toWrite(checkpoint, info, dtype));
    await target.write(WEIGHTS, writeSafetensors(tensors, new Map([["format", "pt"]])));
  } finally {
    await checkpoint.close();
  }
}

function toWrite(checkpoint: Checkpoint, info: TensorInfo, dtype: SavedDType): TensorToWrite {
  const { name, shape } = info;
  if (!/^(F|BF)\d/.test(info.dtype)) {
    return { name, shape, dtype: info.dtype, bytes: () => checkpoint.readBytes(name) };
  }
  const stored = storedTypes[dtype];
  return {
    name,
    shape,
    dtype: stored,
    bytes: async () => {
      const values = new Float32Array(elementCount(shape) ?? 0);
      await checkpoint.readFloat32(name, values, 0);
      return fromFloat32(stored, values);
    },
  };
}
