/** Similarities of all vectors of one side with all of the other: sentence_transformers/util/similarity.py. */

import { checkSameDimension, type Embeddings, type Rows, rowsOf } from "../embeddings/rows.ts";
import { Tensor, type Tensor2D } from "../tensor/tensor.ts";
import { checkElementType, Directions, isLarge } from "./compare.ts";
import { measures } from "./measures.ts";
import { productBlocks, type StagedRows } from "./product-blocks.ts";
import { scorePairs } from "./score-pairs.ts";
import { sharedBackend } from "./shared-backend.ts";
import type { SimilarityFunctionName } from "./similarity-function-name.ts";
import { runAtOnce } from "./steps.ts";

/**
 * The cosine of the angle between each vector of `a` and each of `b`: −1 … 1, and 0 with a vector of zeros.
 *
 * @returns [vectors of a, vectors of b]; one vector counts as a matrix of one row
 * @throws ShapeError where the vectors do not have the same number of dimensions
 */
export function cosSim(a: Embeddings, b: Embeddings): Tensor2D {
  return similarities("cosSim", "cosine", a, b);
}

/** The dot product of each vector of `a` with each of `b`: [vectors of a, vectors of b]. */
export function dotScore(a: Embeddings, b: Embeddings): Tensor2D {
  return similarities("dotScore", "dot", a, b);
}

/** Minus the Euclidean distance of each vector of `a` from each of `b`: [vectors of a, vectors of b]. */
export function euclideanSim(a: Embeddings, b: Embeddings): Tensor2D {
  return similarities("euclideanSim", "euclidean", a, b);
}

/** Minus the Manhattan distance of each vector of `a` from each of `b`: [vectors of a, vectors of b]. */
export function manhattanSim(a: Embeddings, b: Embeddings): Tensor2D {
  return similarities("manhattanSim", "manhattan", a, b);
}

function similarities(
  operation: string,
  name: SimilarityFunctionName,
  a: Embeddings,
  b: Embeddings,
): Tensor2D {
  const left = rowsOf(a, operation);
  const right = rowsOf(b, operation);
  checkSameDimension(left, right, operation);
  checkElementType(left, measures[name], operation);
  checkElementType(right, measures[name], operation);
  const out = new Float32Array(left.count * right.count);
  if (isLarge(left, right) && (name === "cosine" || name === "dot")) multiply(out, left, right, name);
  else scoreAll(out, left, right, name);
  return Tensor.from(out, [left.count, right.count]);
}

/** In f64. */
function scoreAll(out: Float32Array, left: Rows, right: Rows, name: SimilarityFunctionName): void {
  runAtOnce(
    scorePairs(left, right, measures[name], (i, j, score) => {
      out[i * right.count + j] = score;
    }),
  );
}

/** In f32, as the reference does it, by a backend's matrix product. */
function multiply(out: Float32Array, left: Rows, right: Rows, name: "cosine" | "dot"): void {
  const staged = (rows: Rows): StagedRows => (name === "cosine" ? new Directions(rows) : new PlainRows(rows));
  runAtOnce(
    productBlocks(staged(left), staged(right), left.dimension, sharedBackend(), (block) => {
      const { products, firstRow, rows, firstColumn, columns } = block;
      for (let r = 0; r < rows; r++) {
        const row = products.subarray(r * columns, (r + 1) * columns);
        out.set(row, (firstRow + r) * right.count + firstColumn);
      }
    }),
  );
}

class PlainRows implements StagedRows {
  readonly count: number;
  readonly #rows: Rows;

  constructor(rows: Rows) {
    this.count = rows.count;
    this.#rows = rows;
  }

  stage(target: Float32Array, start: number, end: number): void {
    for (let index = start; index < end; index++) {
      this.#rows.load(index, target, (index - start) * this.#rows.dimension);
    }
  }
}
