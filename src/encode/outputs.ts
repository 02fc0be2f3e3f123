/** The kinds of results. One that workers are to give stands in `workerOutputs`, where they find it by its name. */
import type { Tensor2D } from "../tensor/tensor.ts";
import {
  type EmbeddingMatrix,
  type EmbeddingVectors,
  FeatureCollector,
  MatrixCollector,
  TokenCollector,
  VectorCollector,
} from "./collectors.ts";
import type { EncodeJob } from "./job.ts";
import {
  ListMerger,
  MatrixMerger,
  packFeatures,
  packTensor,
  unpackFeatures,
  unpackTensor,
  VectorMerger,
} from "./mergers.ts";
import type { Output, WorkerOutput } from "./output.ts";
import type { TextFeatures } from "./text-features.ts";

/** Sentence embeddings in one buffer. */
export const embeddingMatrix: WorkerOutput<EmbeddingMatrix, EncodeJob> = {
  workerOutput: "sentence_embedding",
  createCollector: (count, { truncateDim, normalize }, { embeddingDimension }) =>
    new MatrixCollector(count, embeddingDimension, { truncateDim, normalize }),
  createMerger: (count) => new MatrixMerger(count),
  pack: (matrix) => ({
    result: matrix,
    transfer: [matrix.data.buffer as ArrayBuffer, matrix.truncated.buffer as ArrayBuffer],
  }),
};

/** Sentence embeddings that each own their memory. Workers give a matrix, whose memory need not be copied. */
export const embeddingVectors: Output<EmbeddingVectors, EncodeJob> = {
  workerOutput: embeddingMatrix.workerOutput,
  createCollector: (count, { truncateDim, normalize }) =>
    new VectorCollector(count, { truncateDim, normalize }),
  createMerger: (count) => new VectorMerger(count),
};

/** Token embeddings: a tensor [tokens, hidden] per text. */
export const tokenEmbeddings: WorkerOutput<Tensor2D[]> = {
  workerOutput: "token_embeddings",
  createCollector: (count) => new TokenCollector(count),
  createMerger: (count) => new ListMerger(count, unpackTensor, () => false),
  pack: (tensors) => ({ result: tensors.map(packTensor), transfer: tensors.map(memoryOf) }),
};

/** Everything that was computed for each text. */
export const textFeatures: WorkerOutput<TextFeatures[], EncodeJob> = {
  workerOutput: "all",
  createCollector: (count, { truncateDim }) => new FeatureCollector(count, truncateDim),
  createMerger: (count) => new ListMerger(count, unpackFeatures, ({ truncated }) => truncated),
  pack: (features) => ({
    result: features.map(packFeatures),
    transfer: features.flatMap(({ tokenEmbeddings }) =>
      tokenEmbeddings === null ? [] : [memoryOf(tokenEmbeddings)],
    ),
  }),
};

/** Each has memory of its own: the collectors see to it. */
function memoryOf(tensor: Tensor2D): ArrayBuffer {
  return tensor.data.buffer as ArrayBuffer;
}

export type WorkerOutputs = ReadonlyMap<string, WorkerOutput<unknown>>;

/** By name: what workers can be asked for. */
export const workerOutputs: WorkerOutputs = new Map(
  [embeddingMatrix, tokenEmbeddings, textFeatures].map((output) => [
    output.workerOutput,
    output as WorkerOutput<unknown>,
  ]),
);
