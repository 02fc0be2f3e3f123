/**
 * SentenceTransformer: text in, vectors out. `encode` turns texts into tokens, runs them through the modules that the
 * model's modules.json names, and gives what the last one made. What it shares with other kinds of models, loading
 * among it, is in `BaseModel`.
 */

import { BaseModel, type LoadableKind } from "./base-model/base-model.ts";
import {
  checkTruncateDim,
  type EmbeddingSettings,
  settleEmbeddings,
} from "./base-model/embedding-settings.ts";
import {
  type EncodeOptions,
  type EncodeResult,
  encodeOptionNames,
  type FeatureOptions,
  type StreamOptions,
  streamOptionNames,
  type TensorOptions,
  type TokenOptions,
  type VectorOptions,
} from "./base-model/encode-options.ts";
import {
  type LoadOptions,
  loadOptionNames,
  type SentenceTransformerOptions,
  sentenceTransformerOptionNames,
} from "./base-model/load-options.ts";
import type { CardFacts } from "./base-model/model-card.ts";
import { queryAndDocument } from "./base-model/prompts.ts";
import { copyEmbeddings } from "./embeddings/containers.ts";
import type { EmbeddingPrecision, QuantizedArray } from "./embeddings/quantize-embeddings.ts";
import type { Embeddings } from "./embeddings/rows.ts";
import { checkPrecision, checkTexts } from "./encode/check.ts";
import type { EncodeJob } from "./encode/job.ts";
import { embeddingMatrix, embeddingVectors, textFeatures, tokenEmbeddings } from "./encode/outputs.ts";
import { quantizeMatrix, quantizeTokens, quantizeVectors } from "./encode/quantize.ts";
import type { StreamedEmbedding } from "./encode/stream.ts";
import type { TextFeatures } from "./encode/text-features.ts";
import type { TextSource } from "./encode/text-windows.ts";
import { ArgumentError } from "./errors.ts";
import type { FileSource } from "./files/file-source.ts";
import { readOptions } from "./runtime/check-options.ts";
import type { SimilarityFunctionName } from "./similarity/similarity-function-name.ts";
import {
  checkSimilarityFunctionName,
  pairwiseSimilarityFunction,
  similarityFunction,
} from "./similarity/similarity-functions.ts";
import { Tensor, type Tensor1D, type Tensor2D } from "./tensor/tensor.ts";
import type { EncodingPool } from "./workers/encoding-pool.ts";

export class SentenceTransformer extends BaseModel {
  #similarityFnName: SimilarityFunctionName;
  #truncateDim: number | null;

  /** A model from modules that exist already. `load` is the usual way. */
  constructor(options: SentenceTransformerOptions) {
    options = readOptions("SentenceTransformer", options, sentenceTransformerOptionNames);
    super(kind, options);
    this.#similarityFnName = checkSimilarityFunctionName(options.similarityFnName ?? "cosine");
    this.#truncateDim = checkTruncateDim(options.truncateDim ?? null);
  }

  /**
   * Loads a model.
   *
   * @param model a folder (in Node, Deno, Bun); the name of a model of the hub ("all-MiniLM-L6-v2" means
   *   "sentence-transformers/all-MiniLM-L6-v2"); an http(s) address under which its files lie; or a `FileSource`
   * @throws FileError where a file is missing
   * @throws HubError where the hub does not have the model, or cannot be reached
   * @throws FormatError where a file is broken, or does not fit the others
   * @throws UnsupportedError for an architecture, module, tokenizer component … that is not known
   */
  static async load(
    model: string | URL | FileSource,
    options: LoadOptions = {},
  ): Promise<SentenceTransformer> {
    return await SentenceTransformer.loadAs(kind, model, options);
  }

  /** One vector: a Float32Array, or what the elements of another `precision` are kept in. */
  encode<P extends EmbeddingPrecision = "float32">(
    text: string,
    options?: VectorOptions<P>,
  ): Promise<QuantizedArray<P>>;
  /** One vector a text, each in memory of its own. */
  encode<P extends EmbeddingPrecision = "float32">(
    texts: readonly string[],
    options?: VectorOptions<P>,
  ): Promise<QuantizedArray<P>[]>;
  /** One vector for a text, one each for several. */
  encode<P extends EmbeddingPrecision = "float32">(
    texts: string | readonly string[],
    options?: VectorOptions<P>,
  ): Promise<QuantizedArray<P> | QuantizedArray<P>[]>;
  /** [dimension] */
  encode(text: string, options: TensorOptions): Promise<Tensor1D>;
  /** [texts, dimension] */
  encode(texts: readonly string[], options: TensorOptions): Promise<Tensor2D>;
  /** [dimension] for a text, [texts, dimension] for several. */
  encode(texts: string | readonly string[], options: TensorOptions): Promise<Tensor1D | Tensor2D>;
  /** The token embeddings of one text: [tokens, hidden]. */
  encode(text: string, options: TokenOptions): Promise<Tensor2D>;
  /** The token embeddings of each text: [tokens, hidden]. */
  encode(texts: readonly string[], options: TokenOptions): Promise<Tensor2D[]>;
  /** The token embeddings of a text, or of each text: [tokens, hidden]. */
  encode(texts: string | readonly string[], options: TokenOptions): Promise<Tensor2D | Tensor2D[]>;
  /** Everything that was computed for one text. */
  encode(text: string, options: FeatureOptions): Promise<TextFeatures>;
  /** Everything that was computed for each text. */
  encode(texts: readonly string[], options: FeatureOptions): Promise<TextFeatures[]>;
  /** Everything that was computed for a text, or for each text. */
  encode(texts: string | readonly string[], options: FeatureOptions): Promise<TextFeatures | TextFeatures[]>;
  /** For options that are not known when the call is written. */
  encode(texts: string | readonly string[], options?: EncodeOptions): Promise<EncodeResult>;
  async encode(texts: string | readonly string[], options: EncodeOptions = {}): Promise<EncodeResult> {
    this.checkAlive("encode");
    options = readOptions("encode", options, encodeOptionNames);
    options.signal?.throwIfAborted();
    const single = typeof texts === "string";
    const list = single ? [texts] : checkTexts(texts);
    const { outputValue = "sentence_embedding" } = options;
    const quantizationRanges = copyEmbeddings(options.quantizationRanges);
    const precision = checkPrecision(options.precision ?? "float32");

    if (outputValue === "token_embeddings") {
      const tensors = await this.run(tokenEmbeddings, list, this.#job(options), options);
      const results = quantizeTokens(tensors, precision, quantizationRanges);
      return single ? results[0]! : results;
    }
    if (outputValue === null) {
      if (precision !== "float32") {
        throw new ArgumentError(`precision: "${precision}" cannot be combined with outputValue null`, {
          code: "conflicting-options",
          subject: "precision",
        });
      }
      const results = await this.run(textFeatures, list, this.#job(options), options);
      return single ? results[0]! : results;
    }
    if (outputValue !== "sentence_embedding") {
      throw new ArgumentError(
        `outputValue: expected "sentence_embedding", "token_embeddings" or null, got ${JSON.stringify(outputValue)}`,
        { subject: "outputValue" },
      );
    }
    if (!options.convertToTensor) {
      const { vectors } = await this.run(embeddingVectors, list, this.#job(options), options);
      const results = quantizeVectors(vectors, precision, quantizationRanges);
      return single ? results[0]! : results;
    }
    const { data, dimension } = await this.run(embeddingMatrix, list, this.#job(options), options);
    const floats = Tensor.from(data, [list.length, dimension]);
    const matrix = quantizeMatrix(floats, precision, quantizationRanges);
    return single ? matrix.row(0) : matrix;
  }

  /** `encode` with the prompt "query", where the model has one and no other is asked for. */
  encodeQuery: SentenceTransformer["encode"] = (async (texts: string, options: EncodeOptions = {}) => {
    options = readOptions("encodeQuery", options, encodeOptionNames);
    return await this.encode(texts, this.forTask("query", ["query"], options));
  }) as SentenceTransformer["encode"];

  /** `encode` with the first of the prompts "document", "passage" and "corpus" that the model has. */
  encodeDocument: SentenceTransformer["encode"] = (async (texts: string, options: EncodeOptions = {}) => {
    options = readOptions("encodeDocument", options, encodeOptionNames);
    return await this.encode(texts, this.forTask("document", ["document", "passage", "corpus"], options));
  }) as SentenceTransformer["encode"];

  /**
   * Embeddings of texts that come one after the other and need not fit in memory, in their order. No more than a
   * few batches are read ahead of the consumer; inside them, texts are sorted by length as in `encode`. A consumer
   * that breaks out closes the source.
   */
  encodeStream<P extends EmbeddingPrecision = "float32">(
    texts: TextSource,
    options: StreamOptions<P> = {},
  ): AsyncGenerator<StreamedEmbedding<P>, void, undefined> {
    this.checkAlive("encodeStream");
    options = readOptions("encodeStream", options, streamOptionNames);
    const quantizationRanges = copyEmbeddings(options.quantizationRanges);
    const precision = checkPrecision(options.precision ?? "float32") as P;
    if ((precision === "int8" || precision === "uint8") && quantizationRanges === undefined) {
      throw new ArgumentError(
        `precision: encodeStream cannot compute the ranges of ${precision}, which depend on all embeddings; ` +
          "pass quantizationRanges, or quantize float32 embeddings later with util.quantizeEmbeddings",
        { code: "ranges-required", subject: "precision" },
      );
    }
    return this.stream(embeddingVectors, texts, this.#job(options), options, ({ vectors, truncated }) => ({
      embeddings: quantizeVectors(vectors, precision, quantizationRanges),
      truncated,
    }));
  }

  /** `encode` with a pool, by its older name. */
  encodeMultiProcess<P extends EmbeddingPrecision = "float32">(
    texts: readonly string[],
    pool: EncodingPool,
    options?: VectorOptions<P>,
  ): Promise<QuantizedArray<P>[]>;
  encodeMultiProcess<P extends EmbeddingPrecision = "float32">(
    texts: string | readonly string[],
    pool: EncodingPool,
    options?: VectorOptions<P>,
  ): Promise<QuantizedArray<P> | QuantizedArray<P>[]>;
  async encodeMultiProcess<P extends EmbeddingPrecision = "float32">(
    texts: string | readonly string[],
    pool: EncodingPool,
    options: VectorOptions<P> = {},
  ): Promise<QuantizedArray<P> | QuantizedArray<P>[]> {
    options = readOptions("encodeMultiProcess", options, encodeOptionNames);
    return await this.encode(texts, { ...options, pool });
  }

  /**
   * How alike each embedding of `a` is to each of `b`, by the function that `similarityFnName` names:
   * [embeddings of a, embeddings of b].
   */
  similarity(a: Embeddings, b: Embeddings): Tensor2D {
    return similarityFunction(this.#similarityFnName)(a, b);
  }

  /** How alike the first embeddings of both are, the second ones, and so on: [pairs]. */
  similarityPairwise(a: Embeddings, b: Embeddings): Tensor1D {
    return pairwiseSimilarityFunction(this.#similarityFnName)(a, b);
  }

  /** How `similarity` and `similarityPairwise` compare. */
  get similarityFnName(): SimilarityFunctionName {
    return this.#similarityFnName;
  }

  set similarityFnName(name: SimilarityFunctionName) {
    this.#similarityFnName = checkSimilarityFunctionName(name);
  }

  /** How many dimensions `encode` keeps; null: all. */
  get truncateDim(): number | null {
    return this.#truncateDim;
  }

  set truncateDim(value: number | null) {
    this.#truncateDim = checkTruncateDim(value);
  }

  /** The length of the vectors that `encode` gives. */
  getEmbeddingDimension(): number {
    const embeddingDimension = this.modulesDimension;
    return Math.min(embeddingDimension, this.#truncateDim ?? embeddingDimension);
  }

  /** The older name of `getEmbeddingDimension`. */
  getSentenceEmbeddingDimension(): number {
    return this.getEmbeddingDimension();
  }

  protected override savedSettings(): Readonly<Record<string, unknown>> {
    const truncateDim = this.#truncateDim;
    return {
      similarity_fn_name: this.#similarityFnName,
      ...(truncateDim === null ? {} : { truncate_dim: truncateDim }),
    };
  }

  protected override cardFacts(): CardFacts {
    return {
      pipelineTag: "sentence-similarity",
      tags: ["sentence-transformers", "feature-extraction"],
      does: `maps texts to vectors of ${this.getEmbeddingDimension()} dimensions`,
    };
  }

  /** Settles what the options leave open. */
  #job(options: EncodeOptions): EncodeJob {
    const { truncateDim, normalizeEmbeddings = false } = options;
    return {
      ...this.runSettings(options),
      truncateDim: truncateDim === undefined ? this.#truncateDim : checkTruncateDim(truncateDim),
      normalize: normalizeEmbeddings,
    };
  }
}

const kind: LoadableKind<SentenceTransformer, LoadOptions, EmbeddingSettings> = {
  modelType: "SentenceTransformer",
  defaultPrompts: queryAndDocument,
  loadOptionNames,
  settle: settleEmbeddings,
  create: (options) => new SentenceTransformer(options),
};
