/**
 * BERT (arXiv 1810.04805) as an encoder: no dropout (inference), no decoder, absolute positions.
 *
 * The classes and their order are those of the reference, so that both can be read side by side:
 * transformers v5.18.0, src/transformers/models/bert/modeling_bert.py. What differs: batches are packed
 * (`PackedTokens`), so there is no attention mask; bias, activation and residual are part of `linear`.
 */

import type { ConfigReader } from "../files/config-reader.ts";
import { Embedding } from "../nn/embedding.ts";
import { LayerNorm } from "../nn/layer-norm.ts";
import { Linear } from "../nn/linear.ts";
import type { Weights } from "../nn/weights.ts";
import type { ActivationName, Backend } from "../tensor/backend.ts";
import { attention } from "../tensor/ops/attention.ts";
import { embeddingSum } from "../tensor/ops/embedding-sum.ts";
import { pool } from "../tensor/ops/pool.ts";
import { scope } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type BertConfig, readBertConfig } from "./bert-config.ts";
import type { Encoder, EncoderOptions, EncoderOutput, EncoderParts, PackedTokens } from "./encoder.ts";
import { runLayers } from "./layer-stack.ts";

type EmbeddingsConfig = Pick<
  BertConfig,
  "vocabSize" | "hiddenSize" | "maxPositions" | "typeVocabSize" | "layerNormEps"
>;

/** MPNet and DistilBERT, which have no token types, use it too: their `typeVocabSize` is 0. */
export class BertEmbeddings {
  readonly wordEmbeddings: Embedding;
  readonly positionEmbeddings: Embedding;
  readonly tokenTypeEmbeddings: Embedding | null;
  readonly layerNorm: LayerNorm;

  constructor(config: EmbeddingsConfig, weights: Weights) {
    const { vocabSize, hiddenSize, maxPositions, typeVocabSize, layerNormEps } = config;
    const table = (what: string, name: string, rows: number) =>
      new Embedding(what, rows, hiddenSize, weights.scope(name));
    this.wordEmbeddings = table("token id", "word_embeddings", vocabSize);
    this.positionEmbeddings = table("position", "position_embeddings", maxPositions);
    this.tokenTypeEmbeddings =
      typeVocabSize === 0 ? null : table("token type", "token_type_embeddings", typeVocabSize);
    this.layerNorm = new LayerNorm(hiddenSize, layerNormEps, weights.scope("LayerNorm"));
  }

  /** `positionIds` [tokens]: the row of the position table for each token. Result: [tokens, hidden] */
  forward(backend: Backend, { inputIds, tokenTypeIds }: PackedTokens, positionIds: Int32Array): Tensor {
    const types = this.tokenTypeEmbeddings?.lookup(tokenTypeIds ?? new Int32Array(inputIds.length));
    const sum = embeddingSum(backend, [
      this.wordEmbeddings.lookup(inputIds),
      ...(types === undefined ? [] : [types]),
      this.positionEmbeddings.lookup(positionIds),
    ]);
    return this.layerNorm.forward(sum);
  }
}

export class BertSelfAttention {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly #heads: number;
  readonly #scaling: number;

  constructor({ hiddenSize, headCount }: BertConfig, weights: Weights) {
    this.query = new Linear(hiddenSize, hiddenSize, weights.scope("query"));
    this.key = new Linear(hiddenSize, hiddenSize, weights.scope("key"));
    this.value = new Linear(hiddenSize, hiddenSize, weights.scope("value"));
    this.#heads = headCount;
    this.#scaling = (hiddenSize / headCount) ** -0.5;
  }

  forward(hidden: Tensor, offsets: Int32Array): Tensor {
    return attention(
      this.query.forward(hidden), // [tokens, heads · headDim]
      this.key.forward(hidden),
      this.value.forward(hidden),
      offsets,
      { heads: this.#heads, scale: this.#scaling },
    );
  }
}

export class BertSelfOutput {
  readonly dense: Linear;
  readonly layerNorm: LayerNorm;

  constructor({ hiddenSize, layerNormEps }: BertConfig, weights: Weights) {
    this.dense = new Linear(hiddenSize, hiddenSize, weights.scope("dense"));
    this.layerNorm = new LayerNorm(hiddenSize, layerNormEps, weights.scope("LayerNorm"));
  }

  forward(hidden: Tensor, input: Tensor): Tensor {
    return this.layerNorm.forward(this.dense.forward(hidden, { residual: input }));
  }
}

export class BertAttention {
  readonly self: BertSelfAttention;
  readonly output: BertSelfOutput;

  constructor(config: BertConfig, weights: Weights) {
    this.self = new BertSelfAttention(config, weights.scope("self"));
    this.output = new BertSelfOutput(config, weights.scope("output"));
  }

  forward(hidden: Tensor, offsets: Int32Array): Tensor {
    return this.output.forward(this.self.forward(hidden, offsets), hidden);
  }
}

export class BertIntermediate {
  readonly dense: Linear;
  readonly #activation: ActivationName | null;

  constructor({ hiddenSize, intermediateSize, activation }: BertConfig, weights: Weights) {
    this.dense = new Linear(hiddenSize, intermediateSize, weights.scope("dense"));
    this.#activation = activation;
  }

  /** [tokens, hidden] → [tokens, intermediate] */
  forward(hidden: Tensor): Tensor {
    return this.dense.forward(hidden, { activation: this.#activation });
  }
}

export class BertOutput {
  readonly dense: Linear;
  readonly layerNorm: LayerNorm;

  constructor({ hiddenSize, intermediateSize, layerNormEps }: BertConfig, weights: Weights) {
    this.dense = new Linear(intermediateSize, hiddenSize, weights.scope("dense"));
    this.layerNorm = new LayerNorm(hiddenSize, layerNormEps, weights.scope("LayerNorm"));
  }

  /** [tokens, intermediate] → [tokens, hidden] */
  forward(hidden: Tensor, input: Tensor): Tensor {
    return this.layerNorm.forward(this.dense.forward(hidden, { residual: input }));
  }
}

export class BertLayer {
  readonly attention: BertAttention;
  readonly intermediate: BertIntermediate;
  readonly output: BertOutput;

  constructor(config: BertConfig, weights: Weights) {
    this.attention = new BertAttention(config, weights.scope("attention"));
    this.intermediate = new BertIntermediate(config, weights.scope("intermediate"));
    this.output = new BertOutput(config, weights.scope("output"));
  }

  forward(hidden: Tensor, offsets: Int32Array): Tensor {
    const attended = this.attention.forward(hidden, offsets);
    return this.output.forward(this.intermediate.forward(attended), attended);
  }
}

export class BertEncoder {
  readonly layer: readonly BertLayer[];

  constructor(config: BertConfig, weights: Weights) {
    this.layer = Array.from(
      { length: config.layerCount },
      (_, i) => new BertLayer(config, weights.scope(`layer.${i}`)),
    );
  }

  forward(
    backend: Backend,
    hidden: Tensor,
    offsets: Int32Array,
    options: EncoderOptions,
  ): Promise<EncoderOutput> {
    const layers = this.layer.map((layer) => (input: Tensor) => layer.forward(input, offsets));
    return runLayers(backend, hidden, layers, options);
  }
}

export class BertPooler {
  readonly dense: Linear;

  constructor({ hiddenSize }: BertConfig, weights: Weights) {
    this.dense = new Linear(hiddenSize, hiddenSize, weights.scope("dense"));
  }

  /** tanh(dense(first token of each sequence)): [sequences, hidden] */
  forward(hidden: Tensor, offsets: Int32Array): Tensor {
    return this.dense.forward(pool(hidden, offsets, ["first"]), { activation: "tanh" });
  }
}

export class BertModel implements Encoder {
  readonly config: BertConfig;
  readonly backend: Backend;
  readonly embeddings: BertEmbeddings;
  readonly encoder: BertEncoder;
  readonly pooler: BertPooler | null;
  readonly positionsCount: "column" | "content" = "column";

  /** Where the reference's checkpoints keep an encoder inside a model for another task, and what else they hold. */
  static readonly prefix: string = "bert";
  static readonly ignored: readonly string[] = ["embeddings.position_ids"];

  static readConfig(reader: ConfigReader): BertConfig {
    return readBertConfig(reader, "bert");
  }

  constructor(config: BertConfig, weights: Weights, { pooler = true }: EncoderParts = {}) {
    this.config = config;
    this.backend = weights.backend;
    this.embeddings = new BertEmbeddings(config, weights.scope("embeddings"));
    this.encoder = new BertEncoder(config, weights.scope("encoder"));
    this.pooler =
      pooler && weights.hasScope("pooler") ? new BertPooler(config, weights.scope("pooler")) : null;
  }

  forward(input: PackedTokens, options: EncoderOptions = {}): Promise<EncoderOutput> {
    const hidden = scope(this.backend, () =>
      this.embeddings.forward(this.backend, input, this.positions(input)),
    );
    return this.encoder.forward(this.backend, hidden, input.offsets, options);
  }

  /** [tokens]: the row of the position table for each token. */
  protected positions({ positionIds, offsets }: PackedTokens): Int32Array {
    return positionIds ?? countPositions(offsets);
  }

  pool(lastHiddenState: Tensor, offsets: Int32Array): Tensor | null {
    const { pooler } = this;
    return pooler && scope(this.backend, () => pooler.forward(lastHiddenState, offsets));
  }
}

/** 0, 1, 2 … from the start of each sequence. */
export function countPositions(offsets: Int32Array): Int32Array {
  const positions = new Int32Array(offsets.at(-1)!);
  for (let i = 1; i < offsets.length; i++) {
    const start = offsets[i - 1]!;
    for (let token = start; token < offsets[i]!; token++) positions[token] = token - start;
  }
  return positions;
}
