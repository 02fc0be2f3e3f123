import type { KernelDims } from "../../kernel-table.ts";
import { BLOCK_COLUMNS, BLOCK_ROWS, blockProduct } from "./block-product.ts";

/** Scores of a block of queries with the keys that any of them sees; grows with the longest such range. */
let scores = new Float64Array(0);

/** Softmax attention, for each sequence, head and block of queries: scores, softmax, weighted sum of values. */
export function attention(
  out: Float32Array, // [tokens, heads · headDim]
  q: Float32Array, // [tokens, heads · headDim]
  k: Float32Array, // [tokens, kvHeads · headDim]
  v: Float32Array, // [tokens, kvHeads · headDim]
  offsets: Int32Array, // [sequences + 1]
  relativeBias: Float32Array | null, // [heads, 2 · span − 1]
  { heads, kvHeads, headDim, scale, span, before, after }: KernelDims<"attention">,
): void {
  const width = heads * headDim;
  const kvWidth = kvHeads * headDim;
  const { sums, multiply } = blockProduct();
  for (let sequence = 0; sequence + 1 < offsets.length; sequence++) {
    const start = offsets[sequence]!;
    const length = offsets[sequence + 1]! - start;

    for (let head = 0; head < heads; head++) {
      const origin = start * width + head * headDim;
      const kvOrigin = start * kvWidth + Math.floor(head / (heads / kvHeads)) * headDim;
      for (let query = 0; query < length; query += BLOCK_ROWS) {
        const rows = Math.min(BLOCK_ROWS, length - query);
        const first = Math.max(0, query - before);
        const end = Math.min(length, query + rows + after);
        const seen = end - first;
        if (scores.length < BLOCK_ROWS * seen) scores = new Float64Array(BLOCK_ROWS * seen);

        for (let key = first; key < end; key += BLOCK_COLUMNS) {
          const columns = Math.min(BLOCK_COLUMNS, end - key);
          multiply(
            { data: q, start: origin + query * width, stride: width, step: 1 },
            { data: k, start: kvOrigin + key * kvWidth, stride: kvWidth, step: 1 },
            { rows, columns, depth: headDim },
          );
          for (let r = 0; r < rows; r++) {
            const from = r * BLOCK_COLUMNS;
            const to = r * seen + key - first;
            for (let c = 0; c < columns; c++) scores[to + c] = sums[from + c]! * scale;
            if (relativeBias !== null) {
              const bias = head * (2 * span - 1) + span - 1 + key - (query + r);
              for (let c = 0; c < columns; c++) scores[to + c]! += relativeBias[bias + c]!;
            }
          }
        }
        for (let r = 0; r < rows; r++) {
          const row = r * seen - first;
          const from = row + Math.max(first, query + r - before);
          const to = row + Math.min(end, query + r + after + 1);
          softmax(scores, from, to);
          scores.fill(0, r * seen, from);
          scores.fill(0, to, (r + 1) * seen);
        }

        for (let column = 0; column < headDim; column += BLOCK_COLUMNS) {
          const columns = Math.min(BLOCK_COLUMNS, headDim - column);
          multiply(
            { data: scores, start: 0, stride: seen, step: 1 },
            { data: v, start: kvOrigin + first * kvWidth + column, stride: 1, step: kvWidth },
            { rows, columns, depth: seen },
          );
          for (let r = 0; r < rows; r++) {
            const from = r * BLOCK_COLUMNS;
            const to = origin + (query + r) * width + column;
            for (let c = 0; c < columns; c++) out[to + c] = sums[from + c]!;
          }
        }
      }
    }
  }
}

/** In place, for elements start … end − 1. The maximum is subtracted first, so that no exponential overflows. */
function softmax(values: Float64Array, start: number, end: number): void {
  let max = -Infinity;
  for (let i = start; i < end; i++) max = Math.max(max, values[i]!);

  let sum = 0;
  for (let i = start; i < end; i++) {
    const exponential = Math.exp(values[i]! - max);
    values[i] = exponential;
    sum += exponential;
  }

  const scale = 1 / sum;
  for (let i = start; i < end; i++) values[i]! *= scale;
}
