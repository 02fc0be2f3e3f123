/** Results in the container that their embeddings came in. */
import { type DType, newTypedArray, type TensorData, type TypedArrayOf } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Embeddings, Vector } from "./rows.ts";

/** A vector for a vector, an array of vectors for an array, a tensor of the same number of axes for a tensor. */
export type SameContainer<E extends Embeddings, D extends TensorData> = E extends Tensor
  ? Tensor
  : E extends Vector
    ? D
    : D[];

export interface Container<D extends TensorData> {
  /** What the caller gets. */
  readonly result: Tensor | D | D[];
  /** Where row `index` is written. */
  row(index: number): D;
}

/** Room for `count` rows: each vector of an array owns its memory, a tensor has one buffer. */
export function makeContainer<T extends DType>(
  embeddings: Embeddings,
  dtype: T,
  { count, dimension }: { readonly count: number; readonly dimension: number },
): Container<TypedArrayOf<T>> {
  type D = TypedArrayOf<T>;
  if (Array.isArray(embeddings) && typeof embeddings[0] !== "number") {
    const vectors = Array.from({ length: count }, () => newTypedArray(dtype, dimension));
    return { result: vectors, row: (index) => vectors[index]! };
  }
  const data = newTypedArray(dtype, count * dimension);
  const row = (index: number) => data.subarray(index * dimension, (index + 1) * dimension) as D;
  if (!(embeddings instanceof Tensor)) return { result: data, row };
  const shape = embeddings.shape.length === 1 ? [dimension] : [count, dimension];
  return { result: Tensor.from(data, shape), row };
}
