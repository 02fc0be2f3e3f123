import type { Rows } from "../embeddings/rows.ts";
import { sizeOf, type VectorSize } from "../embeddings/vector-size.ts";
import type { Measure } from "./measures.ts";
import type { Steps } from "./steps.ts";

/** Rows of b that are held in f64 at a time: in the L2 cache, together with a few rows of a. */
const BLOCK_ELEMENTS = 2 ** 15;

/** Pairs from one pause to the next, in elements: a few milliseconds. */
const ELEMENTS_BETWEEN_PAUSES = 2 ** 22;

/** Scores every pair in f64. For each i, visits the j in ascending order. */
export function* scorePairs(
  a: Rows,
  b: Rows,
  measure: Measure,
  visit: (i: number, j: number, score: number) => void,
): Steps<void> {
  const { dimension } = b;
  const blockRows = Math.max(1, Math.min(b.count, Math.floor(BLOCK_ELEMENTS / Math.max(1, dimension))));
  const left = new Float64Array(dimension);
  const block = Array.from({ length: blockRows }, () => new Float64Array(dimension));
  let elements = 0;
  for (let first = 0; first < b.count; first += blockRows) {
    const rows = block.slice(0, Math.min(blockRows, b.count - first));
    const sizes: VectorSize[] = rows.map((row, r) => {
      b.load(first + r, row, 0);
      return sizeOf(row);
    });
    for (let i = 0; i < a.count; i++) {
      a.load(i, left, 0);
      const size = sizeOf(left);
      for (const [r, row] of rows.entries()) visit(i, first + r, measure.score(left, row, size, sizes[r]!));
      elements += rows.length * dimension;
      if (elements >= ELEMENTS_BETWEEN_PAUSES) {
        elements = 0;
        yield null;
      }
    }
  }
}
