/** Similarities of the first vectors of both sides, of the second, and so on: sentence_transformers/util/similarity.py. */

import { checkSameDimension, type Embeddings, type Rows, rowsOf } from "../embeddings/rows.ts";
import { sizeOf } from "../embeddings/vector-size.ts";
import { ShapeError } from "../errors.ts";
import { Tensor, type Tensor1D } from "../tensor/tensor.ts";
import { checkElementType } from "./compare.ts";
import { measures } from "./measures.ts";
import type { SimilarityFunctionName } from "./similarity-function-name.ts";

/**
 * The cosine of the angle between a[i] and b[i].
 *
 * @returns [pairs]; a side with one vector is paired with every vector of the other
 * @throws ShapeError where the numbers of vectors or of their dimensions differ
 */
export function pairwiseCosSim(a: Embeddings, b: Embeddings): Tensor1D {
  return pairwise("pairwiseCosSim", "cosine", a, b);
}

/** The dot product of a[i] and b[i]: [pairs]. */
export function pairwiseDotScore(a: Embeddings, b: Embeddings): Tensor1D {
  return pairwise("pairwiseDotScore", "dot", a, b);
}

/** Minus the Euclidean distance of a[i] and b[i]: [pairs]. */
export function pairwiseEuclideanSim(a: Embeddings, b: Embeddings): Tensor1D {
  return pairwise("pairwiseEuclideanSim", "euclidean", a, b);
}

/** Minus the Manhattan distance of a[i] and b[i]: [pairs]. */
export function pairwiseManhattanSim(a: Embeddings, b: Embeddings): Tensor1D {
  return pairwise("pairwiseManhattanSim", "manhattan", a, b);
}

/**
 * The normalized angle difference of AnglE (arXiv 2309.12871) of a[i] and b[i], each read as a complex vector
 * whose real parts are the first half of the dimensions: |Σ (a / b) · ‖b‖ / ‖a‖|, real and imaginary parts
 * summed alike. NaN where one of the two is all zeros.
 *
 * @returns [pairs]
 */
export function pairwiseAngleSim(a: Embeddings, b: Embeddings): Tensor1D {
  const operation = "pairwiseAngleSim";
  return scorePairsInOrder(operation, rowsOf(a, operation), rowsOf(b, operation), angle);
}

function pairwise(operation: string, name: SimilarityFunctionName, a: Embeddings, b: Embeddings): Tensor1D {
  const measure = measures[name];
  const left = rowsOf(a, operation);
  const right = rowsOf(b, operation);
  checkElementType(left, measure, operation);
  checkElementType(right, measure, operation);
  return scorePairsInOrder(operation, left, right, (x, y) => measure.score(x, y, sizeOf(x), sizeOf(y)));
}

function scorePairsInOrder(
  operation: string,
  a: Rows,
  b: Rows,
  score: (x: Float64Array, y: Float64Array) => number,
): Tensor1D {
  checkSameDimension(a, b, operation);
  if (a.count !== b.count && a.count !== 1 && b.count !== 1) {
    throw new ShapeError(
      `${operation}: expected as many vectors on both sides, got ${a.count} and ${b.count}`,
    );
  }
  const count = a.count === 1 ? b.count : a.count;
  const x = new Float64Array(a.dimension);
  const y = new Float64Array(b.dimension);
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    a.load(a.count === 1 ? 0 : i, x, 0);
    b.load(b.count === 1 ? 0 : i, y, 0);
    out[i] = score(x, y);
  }
  return Tensor.from(out, [count]);
}

function angle(x: Float64Array, y: Float64Array): number {
  const half = Math.ceil(x.length / 2); // an odd dimension is filled up with a zero
  let sum = 0;
  let xSquared = 0;
  let ySquared = 0;
  for (let i = 0; i < half; i++) {
    const [a, b] = [x[i]!, x[half + i] ?? 0];
    const [c, d] = [y[i]!, y[half + i] ?? 0];
    sum += a * c + b * d + (b * c - a * d);
    xSquared += a * a + b * b;
    ySquared += c * c + d * d;
  }
  return Math.abs(sum / ySquared / (Math.sqrt(xSquared) / Math.sqrt(ySquared)));
}
