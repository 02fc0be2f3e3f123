/**
 * DistilBERT (arXiv 1910.01108) as an encoder: BERT without token types and pooler, under names of its own.
 * transformers v5.18.0, src/transformers/models/distilbert/modeling_distilbert.py.
 */

import type { ConfigReader } from "../files/config-reader.ts";
import { LayerNorm } from "../nn/layer-norm.ts";
import { Linear } from "../nn/linear.ts";
import type { Weights } from "../nn/weights.ts";
import type { ActivationName, Backend } from "../tensor/backend.ts";
import { attention } from "../tensor/ops/attention.ts";
import { scope } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { BertEmbeddings, countPositions } from "./bert.ts";
import type { BertConfig } from "./bert-config.ts";
import { checkHeadCount, readActivation, readPadTokenId } from "./config.ts";
import type { Encoder, EncoderOptions, EncoderOutput, PackedTokens } from "./encoder.ts";
import { runLayers } from "./layer-stack.ts";

/** Fixed in the reference. */
const LAYER_NORM_EPS = 1e-12;

/** In config.json under keys of its own: `dim`, `n_layers`, `n_heads`, `hidden_dim`. */
export type DistilBertConfig = BertConfig;

export class DistilBertSelfAttention {
  readonly qLin: Linear;
  readonly kLin: Linear;
  readonly vLin: Linear;
  readonly outLin: Linear;
  readonly #heads: number;
  readonly #scaling: number;

  constructor({ hiddenSize, headCount }: DistilBertConfig, weights: Weights) {
    this.qLin = new Linear(hiddenSize, hiddenSize, weights.scope("q_lin"));
    this.kLin = new Linear(hiddenSize, hiddenSize, weights.scope("k_lin"));
    this.vLin = new Linear(hiddenSize, hiddenSize, weights.scope("v_lin"));
    this.outLin = new Linear(hiddenSize, hiddenSize, weights.scope("out_lin"));
    this.#heads = headCount;
    this.#scaling = (hiddenSize / headCount) ** -0.5;
  }

  /** The output projection, with the residual added. */
  forward(hidden: Tensor, offsets: Int32Array): Tensor {
    const context = attention(
      this.qLin.forward(hidden), // [tokens, heads · headDim]
      this.kLin.forward(hidden),
      this.vLin.forward(hidden),
      offsets,
      { heads: this.#heads, scale: this.#scaling },
    );
    return this.outLin.forward(context, { residual: hidden });
  }
}

export class FFN {
  readonly lin1: Linear;
  readonly lin2: Linear;
  readonly #activation: ActivationName | null;

  constructor({ hiddenSize, intermediateSize, activation }: DistilBertConfig, weights: Weights) {
    this.lin1 = new Linear(hiddenSize, intermediateSize, weights.scope("lin1"));
    this.lin2 = new Linear(intermediateSize, hiddenSize, weights.scope("lin2"));
    this.#activation = activation;
  }

  /** The second projection, with the residual added. */
  forward(hidden: Tensor): Tensor {
    const inner = this.lin1.forward(hidden, { activation: this.#activation }); // [tokens, intermediate]
    return this.lin2.forward(inner, { residual: hidden });
  }
}

export class TransformerBlock {
  readonly attention: DistilBertSelfAttention;
  readonly saLayerNorm: LayerNorm;
  readonly ffn: FFN;
  readonly outputLayerNorm: LayerNorm;

  constructor(config: DistilBertConfig, weights: Weights) {
    const { hiddenSize } = config;
    this.attention = new DistilBertSelfAttention(config, weights.scope("attention"));
    this.saLayerNorm = new LayerNorm(hiddenSize, LAYER_NORM_EPS, weights.scope("sa_layer_norm"));
    this.ffn = new FFN(config, weights.scope("ffn"));
    this.outputLayerNorm = new LayerNorm(hiddenSize, LAYER_NORM_EPS, weights.scope("output_layer_norm"));
  }

  forward(hidden: Tensor, offsets: Int32Array): Tensor {
    const attended = this.saLayerNorm.forward(this.attention.forward(hidden, offsets));
    return this.outputLayerNorm.forward(this.ffn.forward(attended));
  }
}

export class DistilBertModel implements Encoder {
  readonly config: DistilBertConfig;
  readonly backend: Backend;
  readonly embeddings: BertEmbeddings;
  readonly layer: readonly TransformerBlock[];
  readonly positionsCount = "column";

  static readonly prefix = "distilbert";
  static readonly ignored: readonly string[] = ["embeddings.position_ids"];

  static readConfig(reader: ConfigReader): DistilBertConfig {
    const sizes = {
      modelType: "distilbert",
      vocabSize: reader.integer("vocab_size", { minimum: 1 }),
      hiddenSize: reader.integer("dim", { minimum: 1 }),
      layerCount: reader.integer("n_layers"),
      headCount: reader.integer("n_heads", { minimum: 1 }),
      intermediateSize: reader.integer("hidden_dim", { minimum: 1 }),
      activation: readActivation(reader, "activation", "gelu"),
      layerNormEps: LAYER_NORM_EPS,
      maxPositions: reader.integer("max_position_embeddings", { minimum: 1 }),
      typeVocabSize: 0,
      padTokenId: readPadTokenId(reader, 0),
    };
    checkHeadCount(reader, sizes, "n_heads", "dim");
    return { ...sizes, maxSequenceLength: sizes.maxPositions };
  }

  constructor(config: DistilBertConfig, weights: Weights) {
    this.config = config;
    this.backend = weights.backend;
    this.embeddings = new BertEmbeddings(config, weights.scope("embeddings"));
    const transformer = weights.scope("transformer");
    this.layer = Array.from(
      { length: config.layerCount },
      (_, i) => new TransformerBlock(config, transformer.scope(`layer.${i}`)),
    );
  }

  forward(input: PackedTokens, options: EncoderOptions = {}): Promise<EncoderOutput> {
    const positions = input.positionIds ?? countPositions(input.offsets);
    const hidden = scope(this.backend, () => this.embeddings.forward(this.backend, input, positions));
    const layers = this.layer.map((layer) => (states: Tensor) => layer.forward(states, input.offsets));
    return runLayers(this.backend, hidden, layers, options);
  }

  /** DistilBERT has no pooler. */
  pool(): null {
    return null;
  }
}
