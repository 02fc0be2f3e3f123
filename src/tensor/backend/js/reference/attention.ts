import type { KernelDims } from "../../../kernel-table.ts";

/**
 * Reference attention (arXiv 1706.03762, section 3.2.1): for each sequence, head and query, a softmax over
 * the scaled scores of the sequence's keys weighs the values. All in f64.
 */
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
  for (let sequence = 0; sequence + 1 < offsets.length; sequence++) {
    const start = offsets[sequence]!;
    const length = offsets[sequence + 1]! - start;
    const weights = new Float64Array(length);

    for (let head = 0; head < heads; head++) {
      const column = head * headDim;
      for (let i = 0; i < length; i++) {
        const query = (start + i) * width + column;

        for (let j = 0; j < length; j++) {
          const key = (start + j) * width + column;
          let dot = 0;
          for (let d = 0; d < headDim; d++) dot += q[query + d]! * k[key + d]!;
          weights[j] = dot * scale;
          if (relativeBias !== null) {
            weights[j]! += relativeBias[head * (2 * span - 1) + span - 1 + (j - i)]!;
          }
        }
        softmax(weights);

        for (let d = 0; d < headDim; d++) {
          let sum = 0;
          for (let j = 0; j < length; j++) sum += weights[j]! * v[(start + j) * width + column + d]!;
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
