/**
 * SentenceTransformer: text in, vectors out. `load` finds a model's files and builds the modules that its
 * modules.json names; `encode` turns texts into tokens, runs them through the modules, and hands back what
 * the last one made.
 */
import type { FileSource } from "./checkpoint/file-source.ts";
import { makeBatches, packTokens } from "./encode/batches.ts";
import {
  type Collector,
  EmbeddingCollector,
  type EmbeddingMatrix,
  FeatureCollector,
  TokenCollector,
} from "./encode/collectors.ts";
import type {
  EncodeOptions,
  FeatureOptions,
  TensorOptions,
  TextFeatures,
  TokenOptions,
  VectorOptions,
} from "./encode/options.ts";
import { ArgumentError, UnsupportedError } from "./errors.ts";
import { type ModelSettings, readModelSettings, type SimilarityFunctionName } from "./model-settings.ts";
import { openModelSource } from "./model-source.ts";
import { Features } from "./modules/features.ts";
import { discard, type InputModule, isInputModule, type Module } from "./modules/module.ts";
import { declareModules } from "./modules/registry.ts";
import { Mutex } from "./mutex.ts";
import { createProgressBar } from "./progress-bar.ts";
import { checkPrompts, mergePrompts, namedPrompt, type Prompts, resolvePrompt } from "./prompts.ts";
import type { FileTarget } from "./save/file-target.ts";
import { openTarget } from "./save/open-target.ts";
import { type SaveOptions, saveModel } from "./save/save-model.ts";
import { Pauses } from "./scheduling.ts";
import { type BackendName, selectBackend } from "./tensor/select.ts";
import { Tensor } from "./tensor/tensor.ts";
import { callableTokenizer, type PretrainedTokenizer } from "./tokenizer-call.ts";

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

export interface LoadOptions extends ModelOptions {
  /** Where to compute. */
  readonly device?: "cpu" | undefined;
  /** Which CPU kernels; undefined: the fastest that works here. */
  readonly backend?: BackendName | undefined;
  /** How many tokens a text is cut to; at most the model's positions. */
  readonly maxSeqLength?: number | undefined;
  readonly progress?: ((event: LoadingEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SentenceTransformerOptions extends ModelOptions {
  /** In order; the first one turns text into tokens. */
  readonly modules: readonly Module[];
}

export class SentenceTransformer {
  readonly #modules: readonly [InputModule, ...Module[]];
  readonly #work = new Mutex();
  readonly #settings: ModelSettings;
  #prompts: Prompts;
  #defaultPromptName: string | null;
  #tokenizer: PretrainedTokenizer | undefined;
  #disposed = false;

  /** A model from modules that exist already. `load` is the usual way. */
  constructor(options: SentenceTransformerOptions) {
    const [first, ...others] = options.modules;
    if (first === undefined || !isInputModule(first)) {
      throw new ArgumentError(
        "SentenceTransformer: the first module turns text into tokens (a Transformer, for one); " +
          `got ${first === undefined ? "no modules" : first.type}`,
      );
    }
    this.#modules = [first, ...others];
    this.#prompts = mergePrompts(options.prompts && checkPrompts(options.prompts), undefined);
    this.#settings = {
      similarityFnName: options.similarityFnName ?? "cosine",
      truncateDim:
        options.truncateDim === undefined ? null : checkDimension("truncateDim", options.truncateDim),
    };
    this.#defaultPromptName = null;
    this.defaultPromptName = options.defaultPromptName ?? null;
  }

  /**
   * Loads a model.
   *
   * @param model a folder (in Node, Deno, Bun), an http(s) address under which its files lie, or a `FileSource`
   * @throws FileError where a file is missing
   * @throws FormatError where a file is broken, or does not fit the others
   * @throws UnsupportedError for an architecture, module, tokenizer component … that is not known
   */
  static async load(
    model: string | URL | FileSource,
    options: LoadOptions = {},
  ): Promise<SentenceTransformer> {
    const { device, progress, signal } = options;
    if (device !== undefined && device !== "cpu") {
      throw new UnsupportedError(`device ${JSON.stringify(device)} is not supported; known: "cpu"`);
    }
    signal?.throwIfAborted();
    const source = await openModelSource(model);
    const saved = await readModelSettings(source);
    const backend = await selectBackend(options);
    const declared = await declareModules(source, { backend, maxSeqLength: options.maxSeqLength });
    try {
      const result = new SentenceTransformer({
        modules: declared.map(({ module }) => module),
        prompts: mergePrompts(options.prompts && checkPrompts(options.prompts), saved.prompts),
        defaultPromptName: options.defaultPromptName ?? saved.defaultPromptName,
        similarityFnName: options.similarityFnName ?? saved.similarityFnName,
        truncateDim: options.truncateDim ?? saved.truncateDim,
      });
      const onProgress =
        progress &&
        ((loaded: number, total: number) =>
          progress({ status: "loading", file: source.name, loaded, total }));
      for (const { fill, close } of declared) {
        await fill({ signal, onProgress });
        await close();
      }
      return result;
    } catch (error) {
      await discard(declared);
      throw error;
    }
  }

  /** One vector. */
  encode(text: string, options?: VectorOptions): Promise<Float32Array>;
  /** One vector a text, all of them views into one buffer. */
  encode(texts: readonly string[], options?: VectorOptions): Promise<Float32Array[]>;
  /** [dimension] */
  encode(text: string, options: TensorOptions): Promise<Tensor>;
  /** [texts, dimension] */
  encode(texts: readonly string[], options: TensorOptions): Promise<Tensor>;
  /** The token embeddings of one text: [tokens, hidden]. */
  encode(text: string, options: TokenOptions): Promise<Tensor>;
  /** The token embeddings of each text: [tokens, hidden]. */
  encode(texts: readonly string[], options: TokenOptions): Promise<Tensor[]>;
  /** Everything that was computed for one text. */
  encode(text: string, options: FeatureOptions): Promise<TextFeatures>;
  /** Everything that was computed for each text. */
  encode(texts: readonly string[], options: FeatureOptions): Promise<TextFeatures[]>;
  async encode(texts: string | readonly string[], options: EncodeOptions = {}): Promise<EncodeResult> {
    this.#checkAlive();
    const single = typeof texts === "string";
    const list = single ? [texts] : checkTexts(texts);
    const truncateDim =
      options.truncateDim === undefined
        ? this.#settings.truncateDim
        : checkDimension("truncateDim", options.truncateDim);

    if (options.outputValue === "token_embeddings") {
      const results = await this.#collect(list, new TokenCollector(list.length), options);
      return single ? results[0]! : results;
    }
    if (options.outputValue === null) {
      const results = await this.#collect(list, new FeatureCollector(list.length, truncateDim), options);
      return single ? results[0]! : results;
    }
    if (options.outputValue !== undefined && options.outputValue !== "sentence_embedding") {
      throw new ArgumentError(
        `outputValue: expected "sentence_embedding", "token_embeddings" or null, got ${JSON.stringify(options.outputValue)}`,
      );
    }
    const collector = new EmbeddingCollector(list.length, this.getEmbeddingDimension(), {
      truncateDim,
      normalize: options.normalizeEmbeddings ?? false,
    });
    const matrix = await this.#collect(list, collector, options);
    return options.convertToTensor
      ? asTensor(matrix, list.length, single)
      : asVectors(matrix, list.length, single);
  }

  /** `encode` with the prompt "query", where the model has one and no other is asked for. */
  encodeQuery: SentenceTransformer["encode"] = ((texts: string[], options: VectorOptions = {}) =>
    this.encode(texts, this.#forTask("query", options, ["query"]))) as SentenceTransformer["encode"];

  /** `encode` with the first of the prompts "document", "passage" and "corpus" that the model has. */
  encodeDocument: SentenceTransformer["encode"] = ((texts: string[], options: VectorOptions = {}) =>
    this.encode(
      texts,
      this.#forTask("document", options, ["document", "passage", "corpus"]),
    )) as SentenceTransformer["encode"];

  /**
   * How many tokens a text is cut to, special tokens included. It cannot be set beyond what the model has
   * positions for.
   */
  get maxSeqLength(): number {
    return this.#modules[0].maxSeqLength;
  }

  set maxSeqLength(value: number) {
    this.#modules[0].maxSeqLength = value;
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
    return this.#modules;
  }

  /** The model's tokenizer, which can be called with texts, too. */
  get tokenizer(): PretrainedTokenizer {
    this.#tokenizer ??= callableTokenizer(this.#modules[0].tokenizer);
    return this.#tokenizer;
  }

  /** Where the model computes. */
  get device(): "cpu" {
    return "cpu";
  }

  /** Which kernels compute, for people: "js: typed arrays, one thread". */
  get backend(): string {
    return this.#modules[0].backend.description;
  }

  get similarityFnName(): SimilarityFunctionName {
    return this.#settings.similarityFnName;
  }

  get truncateDim(): number | null {
    return this.#settings.truncateDim;
  }

  /** The length of the vectors that `encode` gives. */
  getEmbeddingDimension(): number {
    const dimension = this.#modules.findLast((module) => module.embeddingDimension !== null)!
      .embeddingDimension!;
    return Math.min(dimension, this.#settings.truncateDim ?? dimension);
  }

  /** The older name of `getEmbeddingDimension`. */
  getSentenceEmbeddingDimension(): number {
    return this.getEmbeddingDimension();
  }

  /**
   * Writes a folder that `load` and the Python library load, old versions and new ones, and that gives the same
   * vectors. `modules.json` is written last. Only in Node, Deno and Bun; elsewhere pass a `FileTarget`.
   */
  async save(target: string | URL | FileTarget, options: SaveOptions = {}): Promise<void> {
    this.#checkAlive();
    await saveModel(
      {
        modules: this.#modules,
        settings: this.#settings,
        prompts: this.#prompts,
        defaultPromptName: this.#defaultPromptName,
        embeddingDimension: this.getEmbeddingDimension(),
      },
      await openTarget(target),
      options,
    );
  }

  /** Waits for running work and gives back all memory. The model cannot be used afterwards. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#work.run(async () => {
      for (const module of this.#modules) module.dispose();
      this.#modules[0].backend.dispose();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #collect<T>(texts: readonly string[], collector: Collector<T>, options: EncodeOptions): Promise<T> {
    const { batchSize = 32, signal, onProgress, showProgressBar = false, task = null } = options;
    if (!(Number.isSafeInteger(batchSize) && batchSize > 0)) {
      throw new ArgumentError(`batchSize: expected a whole number from 1 on, got ${batchSize}`);
    }
    const [input] = this.#modules;
    const prompt = resolvePrompt(this.#prompts, this.#defaultPromptName, options);
    const prompted = prompt ? texts.map((text) => prompt + text) : texts;
    const promptLength = prompt ? input.promptLength(prompt, task) : null;

    const bar = showProgressBar ? createProgressBar("Texts") : null;
    const pauses = new Pauses(signal);
    let done = 0;
    try {
      for (const batch of makeBatches(prompted, input, { batchSize, task })) {
        await pauses.pause();
        await this.#work.run(async () => {
          this.#checkAlive();
          const features = new Features(packTokens(batch.texts), { promptLength, task });
          try {
            for (const module of this.#modules) await module.forward(features, { signal });
            await collector.add(batch, features);
          } finally {
            features.dispose();
          }
        });
        done += batch.texts.length;
        onProgress?.(done, texts.length);
        bar?.update(done, texts.length);
      }
    } finally {
      bar?.close();
    }
    return collector.finish();
  }

  #forTask(task: string, options: VectorOptions, names: readonly string[]): VectorOptions {
    if (options.prompt !== undefined || options.promptName !== undefined) return { task, ...options };
    return { task, ...options, promptName: names.find((name) => Object.hasOwn(this.#prompts, name)) };
  }

  #checkAlive(): void {
    if (this.#disposed) throw new ArgumentError("encode: this model has been disposed of");
  }
}

type EncodeResult = Float32Array | Float32Array[] | Tensor | Tensor[] | TextFeatures | TextFeatures[];

function asVectors(
  { data, dimension }: EmbeddingMatrix,
  count: number,
  single: boolean,
): Float32Array | Float32Array[] {
  if (single) return data;
  return Array.from({ length: count }, (_, i) => data.subarray(i * dimension, (i + 1) * dimension));
}

function asTensor({ data, dimension }: EmbeddingMatrix, count: number, single: boolean): Tensor {
  return Tensor.from(data, single ? [dimension] : [count, dimension]);
}

function checkTexts(texts: unknown): readonly string[] {
  if (!Array.isArray(texts)) {
    throw new ArgumentError(`encode: expected a string or an array of strings, got ${describe(texts)}`);
  }
  for (let i = 0; i < texts.length; i++) {
    if (typeof texts[i] !== "string") {
      throw new ArgumentError(`encode: expected a string at index ${i}, got ${describe(texts[i])}`);
    }
  }
  return texts;
}

function checkDimension(what: string, value: number): number {
  if (!(Number.isSafeInteger(value) && value > 0)) {
    throw new ArgumentError(`${what}: expected a whole number from 1 on, got ${value}`);
  }
  return value;
}

function describe(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : typeof value;
}
