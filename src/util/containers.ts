/** Results in the container that their embeddings came in. */
import type { TensorData } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Embeddings, Vector } from "./rows.ts";

/** A vector for a vector, an array of vectors for an array, a tensor of the same number of axes for a tensor. */
export type SameContainer<E extends Embeddings, D extends TensorData> = E extends Tensor
  ? Tensor
  : E extends Vector
    ? D
    : D[];

/** @param data [count, dimension]; the vectors of an array are views of it */
export function sameContainer<D extends TensorData>(
  embeddings: Embeddings,
  data: D,
  { count, dimension }: { readonly count: number; readonly dimension: number },
): Tensor | D | D[] {
  if (embeddings instanceof Tensor) {
    return Tensor.from(data, embeddings.shape.length === 1 ? [dimension] : [count, dimension]);
  }
  if (ArrayBuffer.isView(embeddings) || typeof embeddings[0] === "number") return data;
  return Array.from({ length: count }, (_, i) => data.subarray(i * dimension, (i + 1) * dimension) as D);
}
