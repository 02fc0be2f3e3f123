/**
 * How far a kernel that computes in f32 may lie from the exact result, derived from its arithmetic. The sums are
 * those of Higham, Accuracy and Stability of Numerical Algorithms (2002), chapter 3, to first order: n rounded
 * operations in any order are off by at most n · u · Σ|terms|.
 *
 * Each bound contains the rounding of the expected value, which is given in f32 too.
 */
import type { ActivationName, PoolingReduction } from "../../src/tensor/backend.ts";

/** Half the distance from 1 to the next f32: the relative error of one rounding. */
export const UNIT_ROUNDOFF = 2 ** -24;

/** The least normal f32. A backend may flush what is smaller to 0, unless a test is about just that. */
export const LEAST_NORMAL = 2 ** -126;

const u = UNIT_ROUNDOFF;

/** |actual − expected| allowed for activation(x), for an exact x. */
export function activationBound(name: ActivationName, x: number, expected: number): number {
  const size = Math.abs(expected);
  switch (name) {
    // 0.5 x (1 + erf): erf within 1e-7, then two products and the sum.
    case "gelu":
      return 0.5 * Math.abs(x) * 1e-7 + 4 * u * size + LEAST_NORMAL;
    // 0.5 x (1 + tanh(t)): t within 4u of itself moves tanh by at most 0.45 · 4u = 1.1e-7, then tanh's own 2u.
    case "gelu_tanh":
      return 0.5 * Math.abs(x) * 2.5e-7 + 4 * u * size + LEAST_NORMAL;
    case "relu":
      return LEAST_NORMAL;
    // x / (1 + e^(−x)): e^(−x) within 2 ulp = 4u, a sum, a quotient. Where e^(−x) overflows f32, the result
    // may be 0: it is less than |x| / 2^127 then.
    case "silu":
      return 7 * u * size + Math.abs(x) * 2 ** -127 + LEAST_NORMAL;
    case "sigmoid":
      return 7 * u * size + 2 ** -127 + LEAST_NORMAL;
    case "tanh":
      return 8 * u * size + LEAST_NORMAL;
  }
}

/** No activation is steeper than this (gelu: 1.129 at √2). */
const STEEPEST = 1.13;

export interface LinearBoundInputs {
  readonly x: Float32Array; // [rows, inFeatures]
  readonly weight: Float32Array; // [outFeatures, inFeatures]
  readonly bias: Float32Array | null;
  readonly residual: Float32Array | null;
  readonly rows: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly activation: ActivationName | null;
}

/** A dot product is within (k + 1) · u · Σ|xᵢwᵢ|, one more rounding adds the bias; then activation, then residual. */
export function linearBound(inputs: LinearBoundInputs, expected: Float32Array): Float64Array {
  const { x, weight, bias, residual, rows, inFeatures, outFeatures, activation } = inputs;
  return Float64Array.from(expected, (value, index) => {
    const row = Math.floor(index / outFeatures);
    const column = index % outFeatures;
    if (row >= rows) throw new RangeError("linearBound: expected has more rows than the inputs");

    let sum = bias?.[column] ?? 0;
    let size = Math.abs(sum);
    for (let i = 0; i < inFeatures; i++) {
      const product = x[row * inFeatures + i]! * weight[column * inFeatures + i]!;
      sum += product;
      size += Math.abs(product);
    }

    let bound = (inFeatures + 2) * u * size;
    const activated = residual === null ? value : value - residual[index]!;
    if (activation !== null) bound = STEEPEST * bound + activationBound(activation, sum, activated);
    if (residual !== null) bound += u * (Math.abs(activated) + Math.abs(value));
    return bound + u * Math.abs(value) + LEAST_NORMAL;
  });
}

/** Two passes: the mean within (n + 1) · u of the mean size, which shifts all differences, then their squares. */
export function layerNormBound(
  x: Float32Array, // [rows, width]
  weight: Float32Array, // [width]
  expected: Float32Array, // [rows, width]
  width: number,
  eps: number,
): Float64Array {
  const bounds = new Float64Array(expected.length);
  for (let start = 0; start < expected.length; start += width) {
    const row = x.subarray(start, start + width);
    const mean = row.reduce((sum, v) => sum + v, 0) / width;
    const size = row.reduce((sum, v) => sum + Math.abs(v), 0) / width;
    const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
    const meanError = (width + 1) * u * size;

    for (let i = 0; i < width; i++) {
      const difference = Math.abs(row[i]! - mean);
      const differenceError = meanError + u * difference;
      const varianceError =
        (width + 4) * u * variance + differenceError ** 2 + 2 * u * meanError * difference;
      // scale = (variance + eps)^(−1/2): half the relative error of its argument, and the errors of sum and root.
      const scaleError = varianceError / (2 * (variance + eps)) + 3 * u;
      const factor = Math.abs(weight[i]!) / Math.sqrt(variance + eps);
      bounds[start + i] =
        factor * (differenceError + difference * (scaleError + 2 * u)) +
        2 * u * Math.abs(expected[start + i]!) +
        LEAST_NORMAL;
    }
  }
  return bounds;
}

/** The squares' sum within (n + 1) · u, half of that under the root; mean, eps, root and quotient; two products. */
export function rmsNormBound(expected: Float32Array, width: number): Float64Array {
  return Float64Array.from(expected, (value) => ((width + 1) / 2 + 7) * u * Math.abs(value) + LEAST_NORMAL);
}

/** Two products, each rounded, and their sum. */
export function rotaryBound(
  x: Float32Array, // [rows, heads · headDim]
  cosines: Float32Array, // [any, headDim / 2]
  sines: Float32Array, // [any, headDim / 2]
  positions: Int32Array, // [rows]
  { heads, headDim }: { readonly heads: number; readonly headDim: number },
): Float64Array {
  const half = headDim / 2;
  return Float64Array.from(x, (value, index) => {
    const row = Math.floor(index / (heads * headDim));
    const i = index % headDim;
    const other = x[i < half ? index + half : index - half]!;
    const angle = positions[row]! * half + (i % half);
    return 2 * u * (Math.abs(value * cosines[angle]!) + Math.abs(other * sines[angle]!)) + LEAST_NORMAL;
  });
}

/** The activation's own bound and rounding, times the factor, and the rounding of the product. */
export function gatedProductBound(
  name: ActivationName,
  gate: Float32Array,
  up: Float32Array,
  activated: Float32Array,
): Float64Array {
  return Float64Array.from(gate, (x, i) => {
    const error = activationBound(name, x, activated[i]!) + 2 * u * Math.abs(activated[i]!);
    return error * Math.abs(up[i]!) + u * Math.abs(activated[i]! * up[i]!) + LEAST_NORMAL;
  });
}

/** The squares' sum within (n + 1) · u, half of that under the root, then root, quotient and rounding. */
export function normalizeBound(expected: Float32Array, width: number): Float64Array {
  return Float64Array.from(expected, (value) => ((width + 1) / 2 + 4) * u * Math.abs(value) + LEAST_NORMAL);
}

/** n rows summed one after the other. */
export function embeddingBound(
  tables: readonly Float32Array[],
  ids: readonly Int32Array[],
  expected: Float32Array,
  width: number,
): Float64Array {
  return Float64Array.from(expected, (_, index) => {
    const row = Math.floor(index / width);
    let size = 0;
    for (const [t, table] of tables.entries())
      size += Math.abs(table[ids[t]![row]! * width + (index % width)]!);
    return tables.length * u * size + LEAST_NORMAL;
  });
}

export interface AttentionBoundInputs {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
  readonly offsets: Int32Array;
  readonly relativeBias: Float32Array | null;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly scale: number;
  readonly span: number;
  readonly before: number;
  readonly after: number;
}

/**
 * A score s is within δ = (headDim + 3) · u · Σ|qᵢkᵢ| · scale + 2u · |bias|. A weight e^(s − max) is then within the
 * relative error ρ = δ + δ of the maximum + u · |s − max| + 2 ulp of the exponential, and the sums over n keys add
 * their own.
 */
export function attentionBound(inputs: AttentionBoundInputs, expected: Float32Array): Float64Array {
  const { q, k, v, offsets, relativeBias, heads, kvHeads, headDim, scale, span, before, after } = inputs;
  const width = heads * headDim;
  const kvWidth = kvHeads * headDim;
  const bounds = new Float64Array(expected.length);
  for (let sequence = 0; sequence + 1 < offsets.length; sequence++) {
    const start = offsets[sequence]!;
    const length = offsets[sequence + 1]! - start;
    for (let head = 0; head < heads; head++) {
      const kvColumn = Math.floor((head * kvHeads) / heads) * headDim;
      for (let i = 0; i < length; i++) {
        const query = (start + i) * width + head * headDim;
        const seen = Array.from({ length }, (_, j) => j).filter((j) => j >= i - before && j <= i + after);
        const scores = new Float64Array(seen.length);
        const errors = new Float64Array(seen.length);
        for (const [n, j] of seen.entries()) {
          const key = (start + j) * kvWidth + kvColumn;
          const bias = relativeBias?.[head * (2 * span - 1) + span - 1 + j - i] ?? 0;
          let sum = 0;
          let size = 0;
          for (let d = 0; d < headDim; d++) {
            sum += q[query + d]! * k[key + d]!;
            size += Math.abs(q[query + d]! * k[key + d]!);
          }
          scores[n] = sum * scale + bias;
          errors[n] = (headDim + 3) * u * size * Math.abs(scale) + 2 * u * Math.abs(bias);
        }

        const max = Math.max(...scores);
        const maxError = Math.max(...errors);
        const weights = scores.map((score) => Math.exp(score - max));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const relative = scores.map((score, n) =>
          Math.expm1(errors[n]! + maxError + u * (max - score) + 4 * u),
        );
        const totalError =
          weights.reduce((sum, weight, n) => sum + weight * relative[n]!, 0) / total + length * u;

        for (let d = 0; d < headDim; d++) {
          let bound = 0;
          for (const [n, j] of seen.entries()) {
            const size = Math.abs(v[(start + j) * kvWidth + kvColumn + d]!);
            // A weight below the least normal number may be flushed to 0.
            const weightError = (weights[n]! / total) * (relative[n]! + totalError + (length + 3) * u);
            bound += size * (weightError + LEAST_NORMAL);
          }
          bounds[query + d] = bound + u * Math.abs(expected[query + d]!) + LEAST_NORMAL;
        }
      }
    }
  }
  return bounds;
}

/** n weighted rows: a product, n sums, the divisor's root and a quotient. Copies and maxima are exact. */
export function poolBound(
  reduction: PoolingReduction,
  column: Float32Array, // the values that count, in order
  firstPosition: number,
): number {
  if (reduction === "first" || reduction === "last" || reduction === "max") return 0;
  const n = column.length;
  let size = 0;
  let weights = 0;
  for (const [i, value] of column.entries()) {
    const weight = reduction === "weighted_mean" ? firstPosition + i + 1 : 1;
    size += weight * Math.abs(value);
    weights += weight;
  }
  const divisor = reduction === "mean_sqrt_length" ? Math.sqrt(n) : weights;
  return n === 0 ? 0 : ((n + 5) * u * size) / divisor + LEAST_NORMAL;
}
