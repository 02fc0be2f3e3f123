/**
 * How two vectors are compared: exactly, in f64, and by a bound that the matrix product of a backend can
 * check for many pairs at once.
 */

import { dot, type VectorSize } from "../embeddings/vector-size.ts";
import type { SimilarityFunctionName } from "./similarity-function-name.ts";

/**
 * What a cosine says about a score: where (c + slack) · gain(b) − offset(b) / a.scale < limit(a, lowest) and
 * c + slack ≥ a·b / (a.scale · b.scale), the pair scores less than `lowest`.
 */
export interface ScoreBound {
  gain(b: VectorSize): number;
  offset(b: VectorSize): number;
  limit(a: VectorSize, lowest: number): number;
}

export interface Measure {
  readonly name: SimilarityFunctionName;
  /** The higher the more alike. In f64; rounded to f32 only where it is handed out. */
  score(a: Float64Array, b: Float64Array, sizeA: VectorSize, sizeB: VectorSize): number;
  /** null where no matrix product helps. */
  readonly bound: ScoreBound | null;
}

export const measures: Readonly<Record<SimilarityFunctionName, Measure>> = {
  cosine: {
    name: "cosine",
    score: (a, b, sizeA, sizeB) => dot(a, b) / (sizeA.scale * sizeB.scale),
    bound: { gain: () => 1, offset: () => 0, limit: (_, lowest) => lowest },
  },
  dot: {
    name: "dot",
    score: dot,
    bound: { gain: (b) => b.scale, offset: () => 0, limit: (a, lowest) => lowest / a.scale },
  },
  euclidean: {
    name: "euclidean",
    score: (a, b) => 0 - Math.sqrt(squaredDistance(a, b)),
    // ‖a − b‖² = ‖a‖² + ‖b‖² − 2 a·b > lowest², divided by the scale of a.
    bound: {
      gain: (b) => 2 * b.scale,
      offset: (b) => b.squared,
      limit: (a, lowest) => (a.squared - lowest * lowest) / a.scale,
    },
  },
  manhattan: { name: "manhattan", score: (a, b) => 0 - absoluteDistance(a, b), bound: null },
};

function squaredDistance(a: Float64Array, b: Float64Array): number {
  const length = a.length;
  let s0 = 0;
  let s1 = 0;
  let i = 0;
  for (; i + 1 < length; i += 2) {
    const d0 = a[i]! - b[i]!;
    const d1 = a[i + 1]! - b[i + 1]!;
    s0 += d0 * d0;
    s1 += d1 * d1;
  }
  if (i < length) s0 += (a[i]! - b[i]!) ** 2;
  return s0 + s1;
}

function absoluteDistance(a: Float64Array, b: Float64Array): number {
  const length = a.length;
  let s0 = 0;
  let s1 = 0;
  let i = 0;
  for (; i + 1 < length; i += 2) {
    s0 += Math.abs(a[i]! - b[i]!);
    s1 += Math.abs(a[i + 1]! - b[i + 1]!);
  }
  if (i < length) s0 += Math.abs(a[i]! - b[i]!);
  return s0 + s1;
}
