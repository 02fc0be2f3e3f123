import { ArgumentError } from "../errors.ts";
import type { Checkpoint, TensorInfo } from "./checkpoint.ts";

export interface MemoryTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row by row. */
  readonly values: Float32Array;
}

/** A checkpoint over numbers in memory. @throws ArgumentError where a shape does not fit its values. */
export function memoryCheckpoint(name: string, tensors: readonly MemoryTensor[]): Checkpoint {
  const infos = new Map<string, TensorInfo>();
  const values = new Map<string, Float32Array>();
  for (const tensor of tensors) {
    const count = tensor.shape.reduce((product, dimension) => product * dimension, 1);
    if (count !== tensor.values.length) {
      throw new ArgumentError(
        `${name}: "${tensor.name}" [${tensor.shape.join(", ")}] needs ${count} values, got ${tensor.values.length}`,
        { code: "shape-mismatch", subject: tensor.name },
      );
    }
    infos.set(tensor.name, {
      name: tensor.name,
      dtype: "F32",
      shape: tensor.shape,
      file: name,
      byteOffset: 0,
      byteLength: tensor.values.byteLength,
    });
    values.set(tensor.name, tensor.values);
  }
  const find = (tensor: string): Float32Array => {
    const found = values.get(tensor);
    if (found === undefined)
      throw new ArgumentError(`${name}: no tensor "${tensor}"`, { code: "missing-tensor", subject: tensor });
    return found;
  };
  return {
    name,
    tensors: infos,
    metadata: new Map(),
    async readFloat32(tensor, target, start) {
      target.set(find(tensor).subarray(start, start + target.length));
    },
    async readBytes(tensor, start, end) {
      const { buffer, byteOffset, byteLength } = find(tensor);
      return new Uint8Array(buffer, byteOffset, byteLength).slice(start, end);
    },
    async close() {},
  };
}
