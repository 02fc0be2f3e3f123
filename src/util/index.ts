/** What Python's `sentence_transformers.util` has for inference, and embeddings in files. */
import { communityDetection, communityDetectionAsync } from "./community-detection.ts";
import { normalizeEmbeddings } from "./normalize-embeddings.ts";
import {
  pairwiseAngleSim,
  pairwiseCosSim,
  pairwiseDotScore,
  pairwiseEuclideanSim,
  pairwiseManhattanSim,
} from "./pairwise-similarity.ts";
import { paraphraseMining, paraphraseMiningEmbeddings } from "./paraphrase-mining.ts";
import { quantizeEmbeddings } from "./quantize-embeddings.ts";
import { semanticSearch, semanticSearchAsync } from "./semantic-search.ts";
import { cosSim, dotScore, euclideanSim, manhattanSim } from "./similarity.ts";
import { pairwiseSimilarityFunction, similarityFunction } from "./similarity-functions.ts";
import { truncateEmbeddings } from "./truncate-embeddings.ts";

export const util = {
  cosSim,
  dotScore,
  euclideanSim,
  manhattanSim,
  pairwiseCosSim,
  pairwiseDotScore,
  pairwiseEuclideanSim,
  pairwiseManhattanSim,
  pairwiseAngleSim,
  similarityFunction,
  pairwiseSimilarityFunction,
  semanticSearch,
  semanticSearchAsync,
  paraphraseMining,
  paraphraseMiningEmbeddings,
  communityDetection,
  communityDetectionAsync,
  quantizeEmbeddings,
  normalizeEmbeddings,
  truncateEmbeddings,
} as const;
