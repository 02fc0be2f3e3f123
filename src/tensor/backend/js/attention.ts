import type { KernelDims } from "../../kernel-table.ts";
import { BLOCK_COLUMNS, BLOCK_ROWS, blockProduct } from "./block-product.ts";

/** Scores of a block of queries with all keys of their sequence; grows with the longest sequence. */
let scores = new Float64Array(0);

/** Softmax attention, for each sequence, head and block of queries: scores, softmax, weighted sum of values. */
export function attention(
  out: Float32Array, // [tokens, heads · headDim]
  q: Float32Array, // [tokens, heads · headDim]
  k: Float32Array, // [tokens, heads · headDim]
  v: Float32Array, // [tokens, heads · headDim]
  offsets: Int32Array, // [sequences + 1]
  relativeBias: Float32Array | null, // [heads, 2 · span − 1]
  { heads, headDim, scale, span }: KernelDims<"attention">,
): void {
  const width = heads * headDim;
  const { sums, multiply } = blockProduct();
  for (let sequence = 0; sequence + 1 < offsets.length; sequence++) {
    const start = offsets[sequence]!;
    const length = offsets[sequence + 1]! - start;
    if (scores.length < BLOCK_ROWS * length) scores = new Float64Array(BLOCK_ROWS * length);

    for (let head = 0; head < heads; head++) {
      const origin = start * width + head * headDim;
      for (let query = 0; query < length; query += BLOCK_ROWS) {
        const rows = Math.min(BLOCK_ROWS, length - query);

        for (let key = 0; key < length; key += BLOCK_COLUMNS) {
          const columns = Math.min(BLOCK_COLUMNS, length - key);
          multiply(
            { data: q, start: origin + query * width, stride: width, step: 1 },
            { data: k, start: origin + key * width, stride: width, step: 1 },
            { rows, columns, depth: headDim },
          );
          for (let r = 0; r < rows; r++) {
            const from = r * BLOCK_COLUMNS;
            const to = r * length + key;
            for (let c = 0; c < columns; c++) scores[to + c] = sums[from + c]! * scale;
            if (relativeBias !== null) {
              const bias = head * (2 * span - 1) + span - 1 + key - (query + r);
              for (let c = 0; c < columns; c++) scores[to + c]! += relativeBias[bias + c]!;
            }
          }
        }
        for (let r = 0; r < rows; r++) softmax(scores, r * length, (r + 1) * length);

        for (let column = 0; column < headDim; column += BLOCK_COLUMNS) {
          const columns = Math.min(BLOCK_COLUMNS, headDim - column);
          multiply(
            { data: scores, start: 0, stride: length, step: 1 },
            { data: v, start: origin + column, stride: 1, step: width },
            { rows, columns, depth: length },
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
