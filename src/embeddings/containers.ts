/** Results in the container that their embeddings came in. */
import { type DType, dtypeOf, newTypedArray, type TensorData, type TypedArrayOf } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Embeddings, Vector } from "./rows.ts";

/** A vector for a vector, an array of vectors for an array, a tensor of the same number of axes for a tensor. */
export type SameContainer<E extends Embeddings, D extends TensorData> = E extends Tensor
  ? E
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

/**
 * A copy of embeddings that a call reads after its caller may have changed them. What holds no numbers is passed on, for
 * the checks that come next.
 */
export function copyEmbeddings<E extends Embeddings | undefined>(embeddings: E): E {
  if (embeddings instanceof Tensor) return Tensor.from(copyVector(embeddings.data), embeddings.shape) as E;
  if (ArrayBuffer.isView(embeddings)) return copyVector(embeddings as TensorData) as E;
  if (!Array.isArray(embeddings)) return embeddings;
  return embeddings.map((vector) => {
    if (ArrayBuffer.isView(vector)) return copyVector(vector as TensorData);
    return Array.isArray(vector) ? [...vector] : vector;
  }) as Embeddings as E;
}

/** In memory of its own. (`slice` of a Node Buffer, which is a Uint8Array, would be a view.) */
export function copyVector<D extends TensorData>(vector: D, length = vector.length): D {
  const kept = vector.subarray(0, length);
  const out = newTypedArray(dtypeOf(vector), kept.length);
  out.set(kept);
  return out as D;
}
