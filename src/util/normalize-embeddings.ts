import { type SameContainer, sameContainer } from "./containers.ts";
import { sizeOf } from "./measures.ts";
import { type Embeddings, rowsOf } from "./rows.ts";

/**
 * Each vector divided by its length (at least 1e-12, as torch's `normalize`): new memory, in the container that
 * came in. A vector of zeros stays one.
 */
export function normalizeEmbeddings<E extends Embeddings>(embeddings: E): SameContainer<E, Float32Array> {
  const rows = rowsOf(embeddings, "normalizeEmbeddings");
  const out = new Float32Array(rows.count * rows.dimension);
  const row = new Float64Array(rows.dimension);
  for (let index = 0, at = 0; index < rows.count; index++, at += row.length) {
    rows.load(index, row, 0);
    const { scale } = sizeOf(row);
    for (let i = 0; i < row.length; i++) out[at + i] = row[i]! / scale;
  }
  return sameContainer(embeddings, out, rows) as SameContainer<E, Float32Array>;
}
