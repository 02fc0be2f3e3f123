import type { KernelDims } from "../../../kernel-table.ts";

/**
 * Reference attention (arXiv 1706.03762, section 3.2.1): for each sequence, head and query, a softmax over
 * the scaled scores of the keys that the query sees weighs their values. All in f64.
 */
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
  for (let sequence = 0; sequence + 1 < offsets.length; sequence++) {
    const start = offsets[sequence]!;
    const length = offsets[sequence + 1]! - start;

    for (let head = 0; head < heads; head++) {
      const column = head * headDim;
      const kvColumn = Math.floor(head / (heads / kvHeads)) * headDim;
      for (let i = 0; i < length; i++) {
        const query = (start + i) * width + column;
        const first = Math.max(0, i - before);
        const end = Math.min(length, i + after + 1);

        const weights = new Float64Array(end - first);
        for (let j = first; j < end; j++) {
          const key = (start + j) * kvWidth + kvColumn;
          let score = 0;
          for (let d = 0; d < headDim; d++) score += q[query + d]! * k[key + d]!;
          score *= scale;
          if (relativeBias !== null) score += relativeBias[head * (2 * span - 1) + span - 1 + (j - i)]!;
          weights[j - first] = score;
        }
        softmax(weights);

        for (let d = 0; d < headDim; d++) {
          let sum = 0;
          for (let j = first; j < end; j++)
            sum += weights[j - first]! * v[(start + j) * kvWidth + kvColumn + d]!;
          out[query + d] = sum;
        }
      }
    }
  }
}

/** In place. The maximum is subtracted first, so that no exponential overflows. */
function softmax(values: Float64Array): void {
  let max = -Infinity;
  for (const value of values) max = Math.max(max, value);

  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.exp(values[i]! - max);
    sum += values[i]!;
  }
  for (let i = 0; i < values.length; i++) values[i]! /= sum;
}
