import type { KernelDims, PoolingReduction } from "../../../kernel-table.ts";

/** The least that a sum is divided by, so that a sequence without a row that counts gives 0 (as the reference). */
const MIN_DIVISOR = 1e-9;

/** Reference pooling: one row a sequence, its columns one after the other, summed in f64. */
export function pool(
  out: Float32Array, // [sequences, outStride]
  x: Float32Array, // [tokens, width]
  starts: Int32Array, // [sequences]
  ends: Int32Array, // [sequences]
  { reduction, skip, width, outStride, outColumn }: KernelDims<"pool">,
): void {
  for (let sequence = 0; sequence < starts.length; sequence++) {
    const start = starts[sequence]!;
    const end = ends[sequence]!;
    for (let i = 0; i < width; i++) {
      const value = (position: number): number => x[(start + position) * width + i]!;
      out[sequence * outStride + outColumn + i] = reduce(reduction, value, skip, end - start);
    }
  }
}

/** Positions skip … length − 1 count. */
function reduce(
  reduction: PoolingReduction,
  value: (position: number) => number,
  skip: number,
  length: number,
): number {
  switch (reduction) {
    case "first":
      if (length === 0) return 0;
      return value(skip < length ? skip : 0);
    case "last":
      return skip < length ? value(length - 1) : 0;
    case "max": {
      let max = -Infinity;
      for (let p = skip; p < length; p++) max = Math.max(max, value(p));
      return max;
    }
    case "mean":
    case "mean_sqrt_length": {
      let sum = 0;
      for (let p = skip; p < length; p++) sum += value(p);
      const count = Math.max(length - skip, MIN_DIVISOR);
      return sum / (reduction === "mean" ? count : Math.sqrt(count));
    }
    case "weighted_mean": {
      let sum = 0;
      let weights = 0;
      for (let p = skip; p < length; p++) {
        sum += (p + 1) * value(p);
        weights += p + 1;
      }
      return sum / Math.max(weights, MIN_DIVISOR);
    }
  }
}
