/** What `encode` makes of texts once all options are settled: here, or in another thread. */
import type { Tensor } from "../tensor/tensor.ts";
import {
  type Collector,
  EmbeddingCollector,
  type EmbeddingMatrix,
  FeatureCollector,
  TokenCollector,
} from "./collectors.ts";
import type { TextFeatures } from "./options.ts";
import type { Pipeline, RunHooks, RunSettings } from "./pipeline.ts";

/** Plain data: it may travel to a worker. */
export interface EncodeJob extends RunSettings {
  /** null: all dimensions. */
  readonly truncateDim: number | null;
  readonly normalize: boolean;
}

/** The kinds of results. */
export interface Outputs {
  readonly sentence_embedding: EmbeddingMatrix;
  readonly token_embeddings: Tensor[];
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
    new EmbeddingCollector(count, embeddingDimension, { truncateDim, normalize }),
  token_embeddings: (count) => new TokenCollector(count),
  all: (count, { truncateDim }) => new FeatureCollector(count, truncateDim),
};

/** Results in the order of the texts. */
export async function runJob<K extends OutputName>(
  pipeline: Pipeline,
  output: K,
  texts: readonly string[],
  job: EncodeJob,
  hooks: RunHooks = {},
): Promise<Outputs[K]> {
  const collector: Collector<Outputs[K]> = collectors[output](texts.length, job, pipeline);
  return await pipeline.run(texts, collector, job, hooks);
}
