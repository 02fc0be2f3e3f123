/** What Python's `sentence_transformers.util` has for inference; embeddings in files; long texts in pieces. */
import { chunkSpans, chunkText } from "./chunking/chunk-text.ts";
import { decodeEmbeddings, encodeEmbeddings } from "./embedding-files/encode.ts";
import {
  appendEmbeddings,
  loadEmbeddings,
  openEmbeddingWriter,
  saveEmbeddings,
} from "./embedding-files/save.ts";
import { normalizeEmbeddings } from "./embeddings/normalize-embeddings.ts";
import { quantizeEmbeddings } from "./embeddings/quantize-embeddings.ts";
import { truncateEmbeddings } from "./embeddings/truncate-embeddings.ts";
import { communityDetection, communityDetectionAsync } from "./similarity/community-detection.ts";
import {
  pairwiseAngleSim,
  pairwiseCosSim,
  pairwiseDotScore,
  pairwiseEuclideanSim,
  pairwiseManhattanSim,
} from "./similarity/pairwise-similarity.ts";
import { paraphraseMining, paraphraseMiningEmbeddings } from "./similarity/paraphrase-mining.ts";
import { semanticSearch, semanticSearchAsync } from "./similarity/semantic-search.ts";
import { cosSim, dotScore, euclideanSim, manhattanSim } from "./similarity/similarity.ts";
import { pairwiseSimilarityFunction, similarityFunction } from "./similarity/similarity-functions.ts";

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
