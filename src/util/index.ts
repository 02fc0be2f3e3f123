/** What Python's `sentence_transformers.util` has for inference; embeddings in files; long texts in pieces. */
import { chunkSpans, chunkText } from "./chunk-text.ts";
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
import { decodeEmbeddings, encodeEmbeddings } from "./stored/encode.ts";
import { appendEmbeddings, loadEmbeddings, openEmbeddingWriter, saveEmbeddings } from "./stored/save.ts";
import { truncateEmbeddings } from "./truncate-embeddings.ts";

export {
  appendEmbeddings,
  chunkSpans,
  chunkText,
  communityDetection,
  communityDetectionAsync,
  cosSim,
  decodeEmbeddings,
  dotScore,
  encodeEmbeddings,
  euclideanSim,
  loadEmbeddings,
  manhattanSim,
  normalizeEmbeddings,
  openEmbeddingWriter,
  pairwiseAngleSim,
  pairwiseCosSim,
  pairwiseDotScore,
  pairwiseEuclideanSim,
  pairwiseManhattanSim,
  pairwiseSimilarityFunction,
  paraphraseMining,
  paraphraseMiningEmbeddings,
  quantizeEmbeddings,
  saveEmbeddings,
  semanticSearch,
  semanticSearchAsync,
  similarityFunction,
  truncateEmbeddings,
};

/** All of it under one name, as in Python; the functions can be imported one by one, too. */
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
  saveEmbeddings,
  loadEmbeddings,
  appendEmbeddings,
  openEmbeddingWriter,
  encodeEmbeddings,
  decodeEmbeddings,
  chunkText,
  chunkSpans,
} as const;
