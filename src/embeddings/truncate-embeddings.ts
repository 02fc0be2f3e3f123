import { checkWhole } from "../runtime/check-arguments.ts";
import { newTypedArray } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import { copyVector } from "./containers.ts";
import { type Embeddings, type Rows, rowsOf, type Vector } from "./rows.ts";

/**
 * The first `truncateDim` dimensions of each vector, in new memory of its own; all of them where there are no more, or
 * where `truncateDim` is null.
 */
export function truncateEmbeddings<T extends Tensor>(embeddings: T, truncateDim: number | null): T;
export function truncateEmbeddings<V extends Vector>(embeddings: V, truncateDim: number | null): V;
export function truncateEmbeddings<V extends Vector>(
  embeddings: readonly V[],
  truncateDim: number | null,
): V[];
export function truncateEmbeddings(embeddings: Embeddings, truncateDim: number | null): Embeddings {
  const rows = rowsOf(embeddings, "truncateEmbeddings");
  const kept = truncateDim === null ? rows.dimension : checkWhole(truncateDim, "truncateDim", 1);
  if (embeddings instanceof Tensor) return truncateTensor(embeddings, rows, Math.min(kept, rows.dimension));
  if (ArrayBuffer.isView(embeddings) || typeof embeddings[0] === "number") {
    return truncateVector(embeddings as Vector, kept);
  }
  return (embeddings as readonly Vector[]).map((vector) => truncateVector(vector, kept));
}

function truncateVector(vector: Vector, kept: number): Vector {
  return ArrayBuffer.isView(vector) ? copyVector(vector, kept) : vector.slice(0, kept);
}

function truncateTensor(tensor: Tensor, rows: Rows, kept: number): Tensor {
  const out = newTypedArray(tensor.dtype, rows.count * kept);
  const row = newTypedArray(tensor.dtype, rows.dimension);
  for (let i = 0; i < rows.count; i++) {
    rows.load(i, row, 0);
    out.set(row.subarray(0, kept), i * kept);
  }
  return Tensor.from(out, tensor.shape.length === 1 ? [kept] : [rows.count, kept]);
}
