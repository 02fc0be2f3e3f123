/** What `encode` makes of texts once all options are settled: here, or in another thread. */
import type { Tensor2D } from "../tensor/tensor.ts";
import type { TextOrPair } from "../tokenizer/tokenizer.ts";
import {
  type Collector,
  type EmbeddingMatrix,
  type EmbeddingVectors,
  FeatureCollector,
  MatrixCollector,
  TokenCollector,
  VectorCollector,
} from "./collectors.ts";
import type { Pipeline, RunHooks, RunSettings } from "./pipeline.ts";
import type { TextFeatures } from "./text-features.ts";

/** Plain data: it may travel to a worker. */
export interface EncodeJob extends RunSettings {
  /** null: all dimensions. */
  readonly truncateDim: number | null;
  readonly normalize: boolean;
}

/** The kinds of results. */
export interface Outputs {
  readonly sentence_embedding: EmbeddingMatrix;
  readonly sentence_vectors: EmbeddingVectors;
  readonly token_embeddings: Tensor2D[];
  readonly all: TextFeatures[];
}

export type OutputName = keyof Outputs;

type CollectorFactory<K extends OutputName> = (
  count: number,
  job: EncodeJob,
  pipeline: Pipeline,
) => Collector<Outputs[K]>;

const collectors: { readonly [K in OutputName]: CollectorFactory<K> } = {
  sentence_embedding: (count, { truncateDim, normalize }, { embeddingDimension }) =>
    new MatrixCollector(count, embeddingDimension, { truncateDim, normalize }),
  sentence_vectors: (count, { truncateDim, normalize }) =>
    new VectorCollector(count, { truncateDim, normalize }),
  token_embeddings: (count) => new TokenCollector(count),
  all: (count, { truncateDim }) => new FeatureCollector(count, truncateDim),
};

/** Results in the order of the texts. */
export async function runJob<K extends OutputName>(
  pipeline: Pipeline,
  output: K,
  texts: readonly TextOrPair[],
  job: EncodeJob,
  hooks: RunHooks = {},
): Promise<Outputs[K]> {
  const collector: Collector<Outputs[K]> = collectors[output](texts.length, job, pipeline);
  return await pipeline.run(texts, collector, job, hooks);
}
