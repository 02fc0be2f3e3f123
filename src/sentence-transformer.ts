/**
 * SentenceTransformer: text in, vectors out. `load` finds a model's files and builds the modules that its
 * modules.json names; `encode` turns texts into tokens, runs them through the modules, and hands back what
 * the last one made.
 */

import { callableTokenizer, type PretrainedTokenizer } from "./auto/tokenizer-call.ts";
import {
  type EncodeOptions,
  encodeOptionNames,
  type FeatureOptions,
  type StreamOptions,
  streamOptionNames,
  type TensorOptions,
  type TokenOptions,
  type VectorOptions,
} from "./base-model/encode-options.ts";
import { readModelSettings } from "./base-model/model-settings.ts";
import {
  checkPrompts,
  mergePrompts,
  namedPrompt,
  type Prompts,
  resolvePrompt,
} from "./base-model/prompts.ts";
import { saveModel } from "./base-model/save-model.ts";
import { type SaveOptions, saveOptionNames } from "./base-model/save-options.ts";
import { copyEmbeddings } from "./embeddings/containers.ts";
import type { EmbeddingPrecision, QuantizedArray } from "./embeddings/quantize-embeddings.ts";
import type { Embeddings } from "./embeddings/rows.ts";
import { checkPrecision, checkText, checkTexts } from "./encode/check.ts";
import { type EncodeJob, runJob } from "./encode/job.ts";
import type { Output } from "./encode/output.ts";
import { embeddingMatrix, embeddingVectors, textFeatures, tokenEmbeddings } from "./encode/outputs.ts";
import { Pipeline, type RunHooks } from "./encode/pipeline.ts";
import { EncodeCounter } from "./encode/progress.ts";
import { quantizeMatrix, quantizeTokens, quantizeVectors } from "./encode/quantize.ts";
import { encodeWindows, type StreamedEmbedding } from "./encode/stream.ts";
import type { TextFeatures } from "./encode/text-features.ts";
import { type TextSource, TextWindows } from "./encode/text-windows.ts";
import { ArgumentError, UnsupportedError } from "./errors.ts";
import type { FileSource } from "./files/file-source.ts";
import type { FileTarget } from "./files/file-target.ts";
import { usualFiles } from "./files/model-files.ts";
import { openTarget } from "./files/open-target.ts";
import { loadModules } from "./modules/load-modules.ts";
import type { Module } from "./modules/module.ts";
import { checkWhole } from "./runtime/check-arguments.ts";
import { type OptionNames, readOptions } from "./runtime/check-options.ts";
import { whileRunning } from "./runtime/signals.ts";
import type { SimilarityFunctionName } from "./similarity/similarity-function-name.ts";
import {
  checkSimilarityFunctionName,
  pairwiseSimilarityFunction,
  similarityFunction,
} from "./similarity/similarity-functions.ts";
import type { DownloadingEvent } from "./sources/hub/options.ts";
import { openModelPlace } from "./sources/model-source.ts";
import { readAhead } from "./sources/read-ahead.ts";
import { type SourceOptions, sourceOptionNames } from "./sources/source-options.ts";
import { checkDevice, type DeviceName } from "./tensor/device.ts";
import {
  checkPlacement,
  type Placement,
  type PlacementOptions,
  placementOptionNames,
} from "./tensor/placement.ts";
import { Tensor, type Tensor1D, type Tensor2D } from "./tensor/tensor.ts";
import { EncodingPool, type PoolModel, stoppedBefore } from "./workers/encoding-pool.ts";

/** What `load` reports while it works. */
export interface LoadingEvent {
  readonly status: "loading";
  /** The folder of the module whose weights are being read. */
  readonly file: string;
  /** Bytes. */
  readonly loaded: number;
  readonly total: number;
}

export interface ModelOptions {
  /** Texts that can be put in front of every text to encode, by name; they win over those in the model's files. */
  readonly prompts?: Prompts | undefined;
  /** The prompt that `encode` uses when it is given none. */
  readonly defaultPromptName?: string | undefined;
  /** How `similarity` compares. */
  readonly similarityFnName?: SimilarityFunctionName | undefined;
  /** How many dimensions `encode` keeps. */
  readonly truncateDim?: number | undefined;
}

export interface LoadOptions extends ModelOptions, PlacementOptions, Omit<SourceOptions, "progress"> {
  /** How many tokens a text is cut to; at most the model's positions. */
  readonly maxSeqLength?: number | undefined;
  /** Told how far downloads and loading are. */
  readonly progress?: ((event: DownloadingEvent | LoadingEvent) => void) | undefined;
}

/** Which prompt counts along with a text. */
export type CountOptions = Pick<EncodeOptions, "prompt" | "promptName" | "task">;

export interface SentenceTransformerOptions extends ModelOptions {
  /** In order; the first one turns text into tokens. */
  readonly modules: readonly Module[];
}

const modelOptionNames: OptionNames<ModelOptions> = {
  prompts: true,
  defaultPromptName: true,
  similarityFnName: true,
  truncateDim: true,
};

const loadOptionNames: OptionNames<LoadOptions> = {
  ...modelOptionNames,
  ...sourceOptionNames,
  ...placementOptionNames,
  maxSeqLength: true,
};

const constructorOptionNames: OptionNames<SentenceTransformerOptions> = {
  ...modelOptionNames,
  modules: true,
};

const countOptionNames: OptionNames<CountOptions> = { prompt: true, promptName: true, task: true };

/** Batches that `encodeStream` reads ahead. */
const BATCHES_AHEAD = 8;

export class SentenceTransformer {
  readonly #pipeline: Pipeline;
  #prompts: Prompts;
  #defaultPromptName: string | null = null;
  #similarityFnName: SimilarityFunctionName;
  #truncateDim: number | null = null;
  #tokenizer: PretrainedTokenizer | undefined;
  /** null: as the model was loaded. */
  #maxSeqLength: number | null = null;
  /** What workers load the model from; undefined: its modules did not come from files. */
  #files: PoolModel | undefined;
  readonly #pools = new Set<EncodingPool>();

  /** A model from modules that exist already. `load` is the usual way. */
  constructor(options: SentenceTransformerOptions) {
    options = readOptions("SentenceTransformer", options, constructorOptionNames);
    this.#pipeline = new Pipeline(options.modules);
    this.#prompts = mergePrompts(options.prompts && checkPrompts(options.prompts), undefined);
    this.#similarityFnName = checkSimilarityFunctionName(options.similarityFnName ?? "cosine");
    this.truncateDim = options.truncateDim ?? null;
    this.defaultPromptName = options.defaultPromptName ?? null;
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
    options = readOptions("load", options, loadOptionNames);
    const placement = checkPlacement(options); // before anything is asked for
    const prompts = options.prompts && { ...checkPrompts(options.prompts) };
    return await whileRunning(options.signal, (signal) =>
      SentenceTransformer.#load(model, placement, { ...options, prompts, signal }),
    );
  }

  static async #load(
    model: string | URL | FileSource,
    placement: Placement,
    options: LoadOptions,
  ): Promise<SentenceTransformer> {
    const { progress, signal, maxSeqLength } = options;
    const place = await openModelPlace(model, options);
    const source = readAhead(place.source, usualFiles);
    const saved = await readModelSettings(source);
    const onProgress =
      progress &&
      ((loaded: number, total: number) => progress({ status: "loading", file: source.name, loaded, total }));
    const settings = { placement, maxSeqLength };
    const usage = {
      prompts: mergePrompts(options.prompts, saved.prompts),
      defaultPromptName: options.defaultPromptName ?? saved.defaultPromptName,
      similarityFnName: options.similarityFnName ?? saved.similarityFnName,
      truncateDim: options.truncateDim ?? saved.truncateDim,
    };
    checkUsage(usage); // before weights are fetched
    const result = await loadModules(
      source,
      settings,
      { signal, onProgress },
      (modules) => new SentenceTransformer({ modules, ...usage }),
    );
    result.#files = { place, settings };
    return result;
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
    this.#pipeline.lifetime.check("encode");
    options = readOptions("encode", options, encodeOptionNames);
    options.signal?.throwIfAborted();
    const single = typeof texts === "string";
    const list = single ? [texts] : checkTexts(texts);
    const { outputValue = "sentence_embedding" } = options;
    const quantizationRanges = copyEmbeddings(options.quantizationRanges);
    const precision = checkPrecision(options.precision ?? "float32");

    if (outputValue === "token_embeddings") {
      const tensors = await this.#run(tokenEmbeddings, list, options);
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
      const results = await this.#run(textFeatures, list, options);
      return single ? results[0]! : results;
    }
    if (outputValue !== "sentence_embedding") {
      throw new ArgumentError(
        `outputValue: expected "sentence_embedding", "token_embeddings" or null, got ${JSON.stringify(outputValue)}`,
        { subject: "outputValue" },
      );
    }
    if (!options.convertToTensor) {
      const { vectors } = await this.#run(embeddingVectors, list, options);
      const results: Vector[] = quantizeVectors(vectors, precision, quantizationRanges);
      return single ? results[0]! : results;
    }
    const { data, dimension } = await this.#run(embeddingMatrix, list, options);
    const floats = Tensor.from(data, [list.length, dimension]);
    const matrix = quantizeMatrix(floats, precision, quantizationRanges);
    return single ? matrix.row(0) : matrix;
  }

  /** `encode` with the prompt "query", where the model has one and no other is asked for. */
  encodeQuery: SentenceTransformer["encode"] = (async (texts: string, options: EncodeOptions = {}) =>
    await this.encode(texts, this.#forTask("query", options, ["query"]))) as SentenceTransformer["encode"];

  /** `encode` with the first of the prompts "document", "passage" and "corpus" that the model has. */
  encodeDocument: SentenceTransformer["encode"] = (async (texts: string, options: EncodeOptions = {}) =>
    await this.encode(
      texts,
      this.#forTask("document", options, ["document", "passage", "corpus"]),
    )) as SentenceTransformer["encode"];

  /**
   * Embeddings of texts that come one after the other and need not fit in memory, in their order. No more than a
   * few batches are read ahead of the consumer; inside them, texts are sorted by length as in `encode`. A consumer
   * that breaks out closes the source.
   */
  encodeStream<P extends EmbeddingPrecision = "float32">(
    texts: TextSource,
    options: StreamOptions<P> = {},
  ): AsyncGenerator<StreamedEmbedding<P>, void, undefined> {
    this.#pipeline.lifetime.check("encodeStream");
    options = readOptions("encodeStream", options, streamOptionNames);
    const { signal } = options;
    const quantizationRanges = copyEmbeddings(options.quantizationRanges);
    const precision = checkPrecision(options.precision ?? "float32") as P;
    if ((precision === "int8" || precision === "uint8") && quantizationRanges === undefined) {
      throw new ArgumentError(
        `precision: encodeStream cannot compute the ranges of ${precision}, which depend on all embeddings; ` +
          "pass quantizationRanges, or quantize float32 embeddings later with util.quantizeEmbeddings",
        { code: "ranges-required", subject: "precision" },
      );
    }
    const job = this.#job(options);
    const workers = this.#workers(options);
    const windows = new TextWindows(texts, signal, this.#pipeline.lifetime.signal);
    const stream = (chosen: Workers) => {
      const batchSize = job.batchSize ?? this.#pipeline.input.backend.capabilities.batchTexts;
      const windowSize = BATCHES_AHEAD * batchSize * (chosen.pool?.devices.length ?? 1);
      return encodeWindows(windows, windowSize, async (window) => {
        const { vectors, truncated } = await this.#runJob(embeddingVectors, window, job, chosen, {
          signal,
        });
        return { vectors: quantizeVectors(vectors, precision, quantizationRanges), truncated };
      });
    };
    return workers.devices !== undefined && workers.pool === undefined
      ? this.#withOnePool(workers, workers.devices, windows, signal, stream)
      : stream(workers);
  }

  /**
   * How many tokens a text has for this model, with its special tokens, and with the prompt that `encode` would
   * put in front of it. Where there are more than `maxSeqLength`, `encode` cuts the text's end off.
   */
  countTokens(text: string, options: CountOptions = {}): number {
    const { input, lifetime } = this.#pipeline;
    lifetime.check("countTokens");
    options = readOptions("countTokens", options, countOptionNames);
    const prompt = resolvePrompt(this.#prompts, this.#defaultPromptName, options) ?? "";
    return input.countTokens(
      prompt + checkText(text, "countTokens: expected a string"),
      options.task ?? null,
    );
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

  /**
   * How many tokens a text is cut to, special tokens included. It cannot be set beyond what the model has
   * positions for.
   */
  get maxSeqLength(): number {
    return this.#pipeline.input.maxSeqLength;
  }

  set maxSeqLength(value: number) {
    this.#pipeline.input.maxSeqLength = value;
    this.#maxSeqLength = value;
  }

  /** The prompts by name. */
  get prompts(): Prompts {
    return this.#prompts;
  }

  set prompts(value: Prompts) {
    this.#prompts = { ...checkPrompts(value) };
  }

  /** The name of the prompt that `encode` uses when it is given none; null: none. */
  get defaultPromptName(): string | null {
    return this.#defaultPromptName;
  }

  set defaultPromptName(name: string | null) {
    if (name !== null) namedPrompt(this.#prompts, "defaultPromptName", name);
    this.#defaultPromptName = name;
  }

  /** The modules in order. */
  get modules(): readonly Module[] {
    return this.#pipeline.modules;
  }

  /** The model's tokenizer, which can be called with texts, too. */
  get tokenizer(): PretrainedTokenizer {
    this.#tokenizer ??= callableTokenizer(this.#pipeline.input.tokenizer);
    return this.#tokenizer;
  }

  /** Where the model computes. */
  get device(): DeviceName {
    return this.#files?.settings.placement.device ?? "cpu";
  }

  /** Which kernels compute, for people: "js: typed arrays, one thread". */
  get backend(): string {
    return this.#pipeline.input.backend.description;
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
    const { embeddingDimension } = this.#pipeline;
    return Math.min(embeddingDimension, this.#truncateDim ?? embeddingDimension);
  }

  /** The older name of `getEmbeddingDimension`. */
  getSentenceEmbeddingDimension(): number {
    return this.getEmbeddingDimension();
  }

  /**
   * Writes a folder that `load` and the Python library load, old versions and new ones, and that gives the same
   * vectors. `modules.json` is written last. README.md, the model card, is that of the model that was loaded, unless
   * the options say otherwise. Only in Node, Deno and Bun; elsewhere pass a `FileTarget`.
   */
  async save(target: string | URL | FileTarget, options: SaveOptions = {}): Promise<void> {
    options = readOptions("save", options, saveOptionNames);
    const settings = { similarityFnName: this.#similarityFnName, truncateDim: this.#truncateDim };
    const model = {
      modules: this.#pipeline.modules,
      settings,
      prompts: this.#prompts,
      defaultPromptName: this.#defaultPromptName,
      embeddingDimension: this.getEmbeddingDimension(),
      origin: this.#files?.place.source,
    };
    await this.#pipeline.lifetime.run("save", async () => {
      await saveModel(model, await openTarget(target), options);
    });
  }

  /**
   * Starts workers that encode independently of each other: threads in Node, Deno and Bun, Web Workers in browsers.
   * Each loads the model for itself, from where this one came from, and does in its memory what `encode` does here;
   * results have the same bits. `encode(…, { pool })` shares its work among them. A pool without work does not keep
   * the process alive; `stopMultiProcessPool` ends it.
   *
   * @param targetDevices one worker each. Default: four on the CPU
   * @throws UnsupportedError for a model made of modules, which workers could not find again: save and load it
   * @throws PoolError where the runtime starts no workers ("workers-unavailable"), or one ends while it loads the model
   * @throws ArgumentError ("disposed") where the model is disposed of meanwhile
   */
  async startMultiProcessPool(
    targetDevices: readonly DeviceName[] = ["cpu", "cpu", "cpu", "cpu"],
  ): Promise<EncodingPool> {
    return await this.#startPool(checkDevices(targetDevices));
  }

  /** Ends the workers of a pool, at once; what they are encoding rejects with a `PoolError`. */
  async stopMultiProcessPool(pool: EncodingPool): Promise<void> {
    this.#pools.delete(pool);
    await pool.stop();
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
   * Ends its pools, waits for running batches and for `save`, and frees all memory. The model cannot be used afterwards:
   * calls that are not done by then reject with the code "disposed", or "pool-stopped".
   */
  async dispose(): Promise<void> {
    // Work here ends at its next batch while pools are being stopped.
    const ended = this.#pipeline.dispose();
    await Promise.all([this.#stopPools(), ended]);
    await this.#stopPools(); // one whose start succeeded at that very moment
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #run<Result>(
    output: Output<Result, EncodeJob>,
    texts: readonly string[],
    options: EncodeOptions,
  ): Promise<Result> {
    const job = this.#job(options);
    const workers = this.#workers(options);
    const counter = new EncodeCounter(texts.length, options);
    try {
      return await this.#runJob(output, texts, job, workers, {
        signal: options.signal,
        onBatch: (count, truncated) => counter.add(count, truncated),
      });
    } finally {
      counter.close();
    }
  }

  /** Here, or in a pool. */
  async #runJob<Result>(
    output: Output<Result, EncodeJob>,
    texts: readonly string[],
    job: EncodeJob,
    { pool, devices, chunkSize }: Workers,
    hooks: RunHooks,
  ): Promise<Result> {
    if (texts.length === 0 || (pool === undefined && devices === undefined)) {
      return await runJob(this.#pipeline, output, texts, job, hooks);
    }
    const { signal, onBatch } = hooks;
    const maxSeqLength = this.#maxSeqLength;
    const chosen = pool ?? (await this.#startPool(devices!, signal));
    try {
      return await chosen.run(output, texts, job, { maxSeqLength, chunkSize, signal, onChunk: onBatch });
    } finally {
      if (pool === undefined) await this.stopMultiProcessPool(chosen);
    }
  }

  /** Resolves `pool` and `device` to the workers to use. @throws ArgumentError, UnsupportedError */
  #workers({ pool, device, chunkSize }: Pick<EncodeOptions, "pool" | "device" | "chunkSize">): Workers {
    if (chunkSize !== undefined) checkWhole(chunkSize, "chunkSize", 1);
    if (pool !== undefined) {
      const isPool = pool instanceof EncodingPool;
      if (isPool && pool.isStopped) throw stoppedBefore();
      if (!this.#pools.has(pool)) {
        throw new ArgumentError(
          isPool
            ? "pool: this pool was started by another model"
            : "pool: expected the result of startMultiProcessPool",
          { code: "pool-not-of-model", subject: "pool" },
        );
      }
    }
    const devices = typeof device === "object" ? checkDevices(device) : undefined;
    if (device !== undefined && devices === undefined) checkDevice(device);
    return { pool, devices, chunkSize };
  }

  async #stopPools(): Promise<void> {
    await Promise.all([...this.#pools].map((pool) => this.stopMultiProcessPool(pool)));
  }

  /** `signal` ends the start, not the pool. */
  async #startPool(devices: readonly DeviceName[], signal?: AbortSignal): Promise<EncodingPool> {
    const { lifetime } = this.#pipeline;
    return await lifetime.run("startMultiProcessPool", async () => {
      if (this.#files === undefined) {
        throw new UnsupportedError(
          "startMultiProcessPool: workers load the model from files, and this one was made of modules; save it, and load it again",
          { code: "pool-needs-files" },
        );
      }
      const pool = await EncodingPool.start(this.#files, devices, { signals: [signal, lifetime.signal] });
      for (const old of this.#pools) if (old.isStopped) this.#pools.delete(old);
      this.#pools.add(pool);
      return pool;
    });
  }

  /** One pool for the whole stream. */
  async *#withOnePool<T>(
    workers: Workers,
    devices: readonly DeviceName[],
    windows: TextWindows,
    signal: AbortSignal | undefined,
    stream: (workers: Workers) => AsyncGenerator<T, void, undefined>,
  ): AsyncGenerator<T, void, undefined> {
    let pool: EncodingPool;
    try {
      pool = await this.#startPool(devices, signal);
    } catch (error) {
      await windows.close().catch(() => {}); // the first error counts
      throw error;
    }
    try {
      yield* stream({ ...workers, pool });
    } finally {
      await this.stopMultiProcessPool(pool);
    }
  }

  /** Settles what the options leave open. */
  #job(options: EncodeOptions): EncodeJob {
    const { task, truncateDim, batchSize = null } = options;
    return {
      prompt: resolvePrompt(this.#prompts, this.#defaultPromptName, options),
      task: task ?? null,
      batchSize: batchSize === null ? null : checkWhole(batchSize, "batchSize", 1),
      truncateDim: truncateDim === undefined ? this.#truncateDim : checkTruncateDim(truncateDim),
      normalize: options.normalizeEmbeddings ?? false,
    };
  }

  #forTask(task: string, options: EncodeOptions, names: readonly string[]): EncodeOptions {
    options = readOptions(`encode${task[0]!.toUpperCase()}${task.slice(1)}`, options, encodeOptionNames);
    const { prompt, promptName } = options;
    return {
      ...options,
      task: options.task ?? task,
      promptName:
        prompt === undefined && promptName === undefined
          ? names.find((name) => Object.hasOwn(this.#prompts, name))
          : promptName,
    };
  }
}

/** Who encodes: a pool, workers that are started for one call, or (neither) the model itself. */
interface Workers {
  readonly pool: EncodingPool | undefined;
  readonly devices: readonly DeviceName[] | undefined;
  readonly chunkSize: number | undefined;
}

function checkDevices(devices: readonly DeviceName[]): readonly DeviceName[] {
  if (!Array.isArray(devices) || devices.length === 0) {
    throw new ArgumentError(`devices: expected an array of at least one, got ${JSON.stringify(devices)}`, {
      subject: "device",
    });
  }
  return devices.map(checkDevice);
}

type Vector = QuantizedArray<EmbeddingPrecision>;
/** What `encode` gives, whatever its options. */
export type EncodeResult =
  | Vector
  | Vector[]
  | Tensor1D
  | Tensor2D
  | Tensor2D[]
  | TextFeatures
  | TextFeatures[];

/** What the constructor would reject. */
function checkUsage({ prompts, defaultPromptName, similarityFnName, truncateDim }: ModelOptions): void {
  if (similarityFnName !== undefined) checkSimilarityFunctionName(similarityFnName);
  checkTruncateDim(truncateDim ?? null);
  if (defaultPromptName !== undefined) {
    namedPrompt(mergePrompts(prompts, undefined), "defaultPromptName", defaultPromptName);
  }
}

/** null: all dimensions. */
function checkTruncateDim(value: number | null): number | null {
  return value === null ? null : checkWhole(value, "truncateDim", 1);
}
