/**
 * MPNet (arXiv 2004.09297) as an encoder: BERT without token types, with positions as RoBERTa counts them, and
 * with a bias on attention scores by the distance of two tokens, which all layers share.
 * transformers v5.18.0, src/transformers/models/mpnet/modeling_mpnet.py.
 */
import type { ConfigReader } from "../files/config-reader.ts";
import { LayerNorm } from "../nn/layer-norm.ts";
import { Linear } from "../nn/linear.ts";
import type { Weights } from "../nn/weights.ts";
import type { Backend } from "../tensor/backend.ts";
import { attention } from "../tensor/ops/attention.ts";
import { scope } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { BertEmbeddings, BertIntermediate, BertOutput, BertPooler } from "./bert.ts";
import { type BertConfig, readBertConfig } from "./bert-config.ts";
import type { Encoder, EncoderOptions, EncoderOutput, EncoderParts, PackedTokens } from "./encoder.ts";
import { runLayers } from "./layer-stack.ts";
import { countContentPositions } from "./roberta.ts";

/** Fixed in the reference, whatever config.json says. */
const PADDING_INDEX = 1;
const BUCKETS = 32;
const MAX_DISTANCE = 128;

export interface MPNetConfig extends BertConfig {
  /** Whatever config.json says: the reference has no table for them. */
  readonly typeVocabSize: 0;
}

export class MPNetSelfAttention {
  readonly q: Linear;
  readonly k: Linear;
  readonly v: Linear;
  readonly o: Linear;
  readonly #heads: number;
  readonly #scaling: number;

  constructor({ hiddenSize, headCount }: MPNetConfig, weights: Weights) {
    this.q = new Linear(hiddenSize, hiddenSize, weights.scope("q"));
    this.k = new Linear(hiddenSize, hiddenSize, weights.scope("k"));
    this.v = new Linear(hiddenSize, hiddenSize, weights.scope("v"));
    this.o = new Linear(hiddenSize, hiddenSize, weights.scope("o"));
    this.#heads = headCount;
    this.#scaling = (hiddenSize / headCount) ** -0.5;
  }

  /** The output projection, with the residual added. */
  forward(hidden: Tensor, offsets: Int32Array, relativeBias: Tensor): Tensor {
    const context = attention(
      this.q.forward(hidden), // [tokens, heads · headDim]
      this.k.forward(hidden),
      this.v.forward(hidden),
      offsets,
      { heads: this.#heads, scale: this.#scaling, relativeBias },
    );
    return this.o.forward(context, { residual: hidden });
  }
}

export class MPNetAttention {
  readonly attn: MPNetSelfAttention;
  readonly layerNorm: LayerNorm;

  constructor(config: MPNetConfig, weights: Weights) {
    this.attn = new MPNetSelfAttention(config, weights.scope("attn"));
    this.layerNorm = new LayerNorm(config.hiddenSize, config.layerNormEps, weights.scope("LayerNorm"));
  }

  forward(hidden: Tensor, offsets: Int32Array, relativeBias: Tensor): Tensor {
    return this.layerNorm.forward(this.attn.forward(hidden, offsets, relativeBias));
  }
}

export class MPNetLayer {
  readonly attention: MPNetAttention;
  readonly intermediate: BertIntermediate;
  readonly output: BertOutput;

  constructor(config: MPNetConfig, weights: Weights) {
    this.attention = new MPNetAttention(config, weights.scope("attention"));
    this.intermediate = new BertIntermediate(config, weights.scope("intermediate"));
    this.output = new BertOutput(config, weights.scope("output"));
  }

  forward(hidden: Tensor, offsets: Int32Array, relativeBias: Tensor): Tensor {
    const attended = this.attention.forward(hidden, offsets, relativeBias);
    return this.output.forward(this.intermediate.forward(attended), attended);
  }
}

export class MPNetModel implements Encoder {
  readonly config: MPNetConfig;
  readonly backend: Backend;
  readonly embeddings: BertEmbeddings;
  readonly layer: readonly MPNetLayer[];
  readonly pooler: BertPooler | null;
  readonly positionsCount = "content";
  readonly #bucketBias: Tensor;
  readonly #relativeBias: Tensor;

  static readonly prefix = "mpnet";
  static readonly ignored: readonly string[] = ["embeddings.position_ids"];

  static readConfig(reader: ConfigReader): MPNetConfig {
    reader.refuseUnless("relative_attention_num_buckets", [BUCKETS]);
    const config = readBertConfig(reader, "mpnet", { padTokenId: PADDING_INDEX });
    return { ...config, typeVocabSize: 0, maxSequenceLength: config.maxPositions - PADDING_INDEX - 1 };
  }

  constructor(config: MPNetConfig, weights: Weights, { pooler = true }: EncoderParts = {}) {
    this.config = config;
    this.backend = weights.backend;
    this.embeddings = new BertEmbeddings(config, weights.scope("embeddings"));
    const encoder = weights.scope("encoder");
    this.layer = Array.from(
      { length: config.layerCount },
      (_, i) => new MPNetLayer(config, encoder.scope(`layer.${i}`)),
    );
    this.#bucketBias = encoder.array("relative_attention_bias.weight", [BUCKETS, config.headCount]);
    this.#relativeBias = encoder.derive([config.headCount, 2 * config.maxSequenceLength - 1], (bias) =>
      this.#spreadBuckets(bias),
    );
    this.pooler =
      pooler && weights.hasScope("pooler") ? new BertPooler(config, weights.scope("pooler")) : null;
  }

  async forward(input: PackedTokens, options: EncoderOptions = {}): Promise<EncoderOutput> {
    const positions = countContentPositions(input.inputIds, input.offsets, PADDING_INDEX);
    const hidden = scope(this.backend, () => this.embeddings.forward(this.backend, input, positions));
    const layers = this.layer.map(
      (layer) => (states: Tensor) => layer.forward(states, input.offsets, this.#relativeBias),
    );
    return await runLayers(this.backend, hidden, layers, options);
  }

  pool(lastHiddenState: Tensor, offsets: Int32Array): Tensor | null {
    const { pooler } = this;
    return pooler && scope(this.backend, () => pooler.forward(lastHiddenState, offsets));
  }

  /** From a bias for each bucket to one for each distance, as attention reads it. */
  async #spreadBuckets(relativeBias: Tensor): Promise<void> {
    const { headCount, maxSequenceLength: span } = this.config;
    const byBucket = (await this.#bucketBias.read()) as Float32Array; // [buckets, heads]
    const distances = 2 * span - 1;
    const byDistance = new Float32Array(headCount * distances);
    for (let i = 0; i < distances; i++) {
      const bucket = relativePositionBucket(i - (span - 1));
      for (let head = 0; head < headCount; head++) {
        byDistance[head * distances + i] = byBucket[bucket * headCount + head]!;
      }
    }
    this.backend.parameters.write(relativeBias.storage, byDistance, 0);
  }
}

/**
 * The bucket of a distance key − query: half of the buckets for each direction; of these, half for one
 * distance each, the others for ranges that grow logarithmically up to `MAX_DISTANCE`, which everything beyond shares.
 * The reference computes the logarithm in float32; float64 gives the same bucket for every distance
 * (test/models/mpnet.test.ts).
 */
export function relativePositionBucket(relativePosition: number): number {
  const half = BUCKETS >> 1;
  const direction = relativePosition > 0 ? half : 0;
  const distance = Math.abs(relativePosition);
  const exact = half >> 1;
  if (distance < exact) return direction + distance;
  const logarithmic = (Math.log(distance / exact) / Math.log(MAX_DISTANCE / exact)) * (half - exact);
  return direction + Math.min(exact + Math.trunc(logarithmic), half - 1);
}
