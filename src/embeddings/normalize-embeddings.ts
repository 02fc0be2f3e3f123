import { makeContainer, type SameContainer } from "./containers.ts";
import { type Embeddings, rowsOf } from "./rows.ts";
import { sizeOf } from "./vector-size.ts";

/**
 * Each vector divided by its length (at least 1e-12, as torch's `normalize`): new memory, in the container that
 * came in. A vector of zeros stays one.
 */
export function normalizeEmbeddings<E extends Embeddings>(embeddings: E): SameContainer<E, Float32Array> {
  const rows = rowsOf(embeddings, "normalizeEmbeddings");
  const container = makeContainer(embeddings, "float32", rows);
  const row = new Float64Array(rows.dimension);
  for (let index = 0; index < rows.count; index++) {
    rows.load(index, row, 0);
    const { scale } = sizeOf(row);
    const out = container.row(index);
    for (let i = 0; i < row.length; i++) out[i] = row[i]! / scale;
  }
  return container.result as SameContainer<E, Float32Array>;
}
