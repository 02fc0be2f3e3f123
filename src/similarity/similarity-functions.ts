import type { Embeddings } from "../embeddings/rows.ts";
import { ArgumentError } from "../errors.ts";
import type { Tensor1D, Tensor2D } from "../tensor/tensor.ts";
import {
  pairwiseCosSim,
  pairwiseDotScore,
  pairwiseEuclideanSim,
  pairwiseManhattanSim,
} from "./pairwise-similarity.ts";
import { cosSim, dotScore, euclideanSim, manhattanSim } from "./similarity.ts";
import { type SimilarityFunctionName, similarityFunctionNames } from "./similarity-function-name.ts";

/** Each vector of `a` with each of `b`: [vectors of a, vectors of b]. */
export type SimilarityFunction = (a: Embeddings, b: Embeddings) => Tensor2D;

/** Vector i of `a` with vector i of `b`: [pairs]. */
export type PairwiseSimilarityFunction = (a: Embeddings, b: Embeddings) => Tensor1D;

const functions: Readonly<Record<SimilarityFunctionName, SimilarityFunction>> = {
  cosine: cosSim,
  dot: dotScore,
  euclidean: euclideanSim,
  manhattan: manhattanSim,
};

const pairwiseFunctions: Readonly<Record<SimilarityFunctionName, PairwiseSimilarityFunction>> = {
  cosine: pairwiseCosSim,
  dot: pairwiseDotScore,
  euclidean: pairwiseEuclideanSim,
  manhattan: pairwiseManhattanSim,
};

/** The function that a model's `similarityFnName` names. @throws ArgumentError for an unknown name. */
export function similarityFunction(name: SimilarityFunctionName): SimilarityFunction {
  return functions[checkSimilarityFunctionName(name)];
}

/** The same for pairs: row i with row i. @throws ArgumentError for an unknown name. */
export function pairwiseSimilarityFunction(name: SimilarityFunctionName): PairwiseSimilarityFunction {
  return pairwiseFunctions[checkSimilarityFunctionName(name)];
}

/** The name of one of the functions above; undefined for every other function. */
export function similarityFunctionName(scoreFunction: unknown): SimilarityFunctionName | undefined {
  return similarityFunctionNames.find((name) => functions[name] === scoreFunction);
}

/** @throws ArgumentError for an unknown name. */
export function checkSimilarityFunctionName(name: SimilarityFunctionName): SimilarityFunctionName {
  if (similarityFunctionNames.includes(name)) return name;
  throw new ArgumentError(
    `similarity function: expected ${similarityFunctionNames.join(", ")}, got ${JSON.stringify(name) ?? String(name)}`,
    { code: "unknown-similarity-function", subject: String(name) },
  );
}
