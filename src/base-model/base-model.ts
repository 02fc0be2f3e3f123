/** What all kinds of models share: loading, prompts, workers, saving, and their end. */

import { callableTokenizer, type PretrainedTokenizer } from "../auto/tokenizer-call.ts";
import { checkText } from "../encode/check.ts";
import type { Output } from "../encode/output.ts";
import { Pipeline, type RunSettings } from "../encode/pipeline.ts";
import { EncodeCounter } from "../encode/progress.ts";
import { type EncodedWindow, encodeWindows, type Streamed } from "../encode/stream.ts";
import { type TextSource, TextWindows } from "../encode/text-windows.ts";
import type { ConfigReader } from "../files/config-reader.ts";
import type { FileSource } from "../files/file-source.ts";
import type { FileTarget } from "../files/file-target.ts";
import { usualFiles } from "../files/model-files.ts";
import { openTarget } from "../files/open-target.ts";
import { loadModules } from "../modules/load-modules.ts";
import type { Module } from "../modules/module.ts";
import { checkWhole } from "../runtime/check-arguments.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import { whileRunning } from "../runtime/signals.ts";
import { openModelPlace } from "../sources/model-source.ts";
import { readAhead } from "../sources/read-ahead.ts";
import type { DeviceName } from "../tensor/device.ts";
import { checkPlacement } from "../tensor/placement.ts";
import type { TextOrPair } from "../tokenizer/tokenizer.ts";
import type { EncodingPool } from "../workers/encoding-pool.ts";
import { type CountOptions, countOptionNames, type EncodeOptions } from "./encode-options.ts";
import type { BaseLoadOptions, BaseModelOptions, ModulesOption } from "./load-options.ts";
import type { CardFacts } from "./model-card.ts";
import { readModelSettings, readSavedPrompts } from "./model-settings.ts";
import { checkDevices, ModelWorkers, type WorkerOptions } from "./model-workers.ts";
import {
  checkPrompts,
  mergePrompts,
  namedPrompt,
  type Prompts,
  resolvePrompt,
  settlePrompts,
} from "./prompts.ts";
import { saveModel } from "./save-model.ts";
import { type SaveOptions, saveOptionNames } from "./save-options.ts";

/** What every class of models says about itself. */
export interface ModelKind {
  /** The name of the class here and in the reference: `model_type` in config_sentence_transformers.json. */
  readonly modelType: string;
  /** The prompts of every such model: those that neither files nor options name. */
  readonly defaultPrompts: Prompts;
}

/** How a class is loaded. `Own` are its constructor's options besides those that all classes have. */
export interface LoadableKind<Model extends BaseModel, Options extends BaseLoadOptions, Own extends object>
  extends ModelKind {
  readonly loadOptionNames: OptionNames<Options>;
  /**
   * Settles the class's own options, which win over the model's settings (null: it has none), and rejects what the
   * constructor would: nothing of the weights has been fetched yet.
   */
  settle(options: Options, settings: ConfigReader | null): Own;
  create(options: BaseModelOptions & ModulesOption & Own): Model;
}

/** Batches that a stream reads ahead. */
const BATCHES_AHEAD = 8;

export abstract class BaseModel implements AsyncDisposable {
  readonly #kind: ModelKind;
  readonly #pipeline: Pipeline;
  readonly #workers: ModelWorkers;
  #prompts: Prompts;
  #defaultPromptName: string | null = null;
  #tokenizer: PretrainedTokenizer | undefined;

  protected constructor(
    kind: ModelKind,
    { modules, prompts, defaultPromptName }: BaseModelOptions & ModulesOption,
  ) {
    this.#kind = kind;
    this.#pipeline = new Pipeline(modules, kind.modelType);
    this.#workers = new ModelWorkers(this.#pipeline);
    this.#prompts = mergePrompts(kind.defaultPrompts, prompts && checkPrompts(prompts), undefined);
    this.defaultPromptName = defaultPromptName ?? null;
  }

  /** `load` of every class. */
  protected static async loadAs<Model extends BaseModel, Options extends BaseLoadOptions, Own extends object>(
    kind: LoadableKind<Model, Options, Own>,
    model: string | URL | FileSource,
    options: Options,
  ): Promise<Model> {
    options = readOptions("load", options, kind.loadOptionNames);
    const placement = checkPlacement(options); // before anything is asked for
    const given = options.prompts && { ...checkPrompts(options.prompts) };
    return await whileRunning(options.signal, async (signal) => {
      const { progress, maxSeqLength } = options;
      const place = await openModelPlace(model, { ...options, signal });
      const source = readAhead(place.source, usualFiles);
      const modelSettings = await readModelSettings(source, kind.modelType);
      const own = kind.settle(options, modelSettings);
      const chosen = { prompts: given, defaultPromptName: options.defaultPromptName };
      const usage = settlePrompts(kind.defaultPrompts, chosen, readSavedPrompts(modelSettings));
      const onProgress =
        progress &&
        ((loaded: number, total: number) =>
          progress({ status: "loading", file: source.name, loaded, total }));
      const settings = { modelType: kind.modelType, placement, maxSeqLength };
      const result = await loadModules(source, settings, { signal, onProgress }, (modules) =>
        kind.create({ ...own, modules, ...usage }),
      );
      source.forget();
      result.#workers.model = { place, settings };
      return result;
    });
  }

  /** The keys of config_sentence_transformers.json that this class has besides those of all. */
  protected abstract savedSettings(): Readonly<Record<string, unknown>>;

  /** What a model card of our own says. */
  protected abstract cardFacts(): CardFacts;

  /**
   * How many tokens a text has for this model, with its special tokens, and with the prompt that `encode` would
   * put in front of it. Where there are more than `maxSeqLength`, `encode` cuts the text's end off.
   */
  countTokens(text: string, options: CountOptions = {}): number {
    const { input, lifetime } = this.#pipeline;
    lifetime.check("countTokens");
    options = readOptions("countTokens", options, countOptionNames);
    const prompt = this.promptOf(options) ?? "";
    return input.countTokens(
      prompt + checkText(text, "countTokens: expected a string"),
      options.task ?? null,
    );
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
    this.#workers.maxSeqLength = value;
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
    return this.#workers.model?.settings.placement.device ?? "cpu";
  }

  /** Which kernels compute, for people: "js: typed arrays, one thread". */
  get backend(): string {
    return this.#pipeline.input.backend.description;
  }

  /**
   * Writes a folder that `load` and the Python library load, old versions and new ones, and that gives the same
   * vectors. `modules.json` is written last. README.md, the model card, is that of the model that was loaded, unless
   * the options say otherwise. Only in Node, Deno and Bun; elsewhere pass a `FileTarget`.
   */
  async save(target: string | URL | FileTarget, options: SaveOptions = {}): Promise<void> {
    options = readOptions("save", options, saveOptionNames);
    const model = {
      modelType: this.#kind.modelType,
      modules: this.#pipeline.modules,
      settings: this.savedSettings(),
      prompts: this.#prompts,
      defaultPromptName: this.#defaultPromptName,
      card: this.cardFacts(),
      origin: this.#workers.model?.place.source,
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
    return await this.#workers.startPool(checkDevices(targetDevices));
  }

  /** Ends the workers of a pool, at once; what they are encoding rejects with a `PoolError`. */
  async stopMultiProcessPool(pool: EncodingPool): Promise<void> {
    await this.#workers.stopPool(pool);
  }

  /**
   * Ends its pools, waits for running batches and for `save`, and frees all memory. The model cannot be used afterwards:
   * calls that are not done by then reject with the code "disposed", or "pool-stopped".
   */
  async dispose(): Promise<void> {
    // Work here ends at its next batch while pools are being stopped.
    const ended = this.#pipeline.dispose();
    await Promise.all([this.#workers.stopPools(), ended]);
    await this.#workers.stopPools(); // one whose start succeeded at that very moment
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** The width of the vectors that the last module gives. */
  protected get modulesDimension(): number {
    return this.#pipeline.embeddingDimension;
  }

  /** @throws ArgumentError ("disposed") */
  protected checkAlive(operation: string): void {
    this.#pipeline.lifetime.check(operation);
  }

  /** The prompt that options choose; null: none. @throws ArgumentError for a name that is not there. */
  protected promptOf(options: Pick<EncodeOptions, "prompt" | "promptName">): string | null {
    return resolvePrompt(this.#prompts, this.#defaultPromptName, options);
  }

  /** The part of a job that all kinds of models have. @throws ArgumentError */
  protected runSettings(
    options: Pick<EncodeOptions, "prompt" | "promptName" | "task" | "batchSize">,
  ): RunSettings {
    const { task = null, batchSize = null } = options;
    return {
      prompt: this.promptOf(options),
      task,
      batchSize: batchSize === null ? null : checkWhole(batchSize, "batchSize", 1),
    };
  }

  /** Options with a task, and with the first of its prompts that the model has where none is asked for. */
  protected forTask<Options extends Pick<EncodeOptions, "prompt" | "promptName" | "task">>(
    task: string,
    promptNames: readonly string[],
    options: Options,
  ): Options {
    const { prompt, promptName } = options;
    return {
      ...options,
      task: options.task ?? task,
      promptName:
        prompt === undefined && promptName === undefined
          ? promptNames.find((name) => Object.hasOwn(this.#prompts, name))
          : promptName,
    };
  }

  /** Runs texts through the modules, here or in workers, and tells the progress. */
  protected async run<Result, Job extends RunSettings>(
    output: Output<Result, Job>,
    texts: readonly TextOrPair[],
    job: Job,
    options: WorkerOptions & Pick<EncodeOptions, "signal" | "onProgress" | "showProgressBar">,
  ): Promise<Result> {
    const chosen = this.#workers.choose(options);
    const counter = new EncodeCounter(texts.length, options);
    try {
      return await this.#workers.run(output, texts, job, chosen, {
        signal: options.signal,
        onBatch: (count, truncated) => counter.add(count, truncated),
      });
    } finally {
      counter.close();
    }
  }

  /** Runs texts through the modules window by window: results in bounded memory. */
  protected stream<Result, Job extends RunSettings, Embedding>(
    output: Output<Result, Job>,
    texts: TextSource,
    job: Job,
    options: WorkerOptions & Pick<EncodeOptions, "signal">,
    toWindow: (result: Result) => EncodedWindow<Embedding>,
  ): AsyncGenerator<Streamed<Embedding>, void, undefined> {
    const { signal } = options;
    const { input, lifetime } = this.#pipeline;
    const chosen = this.#workers.choose(options);
    const windows = new TextWindows(texts, signal, lifetime.signal);
    const batchSize = job.batchSize ?? input.backend.capabilities.batchTexts;
    return this.#workers.throughout(chosen, windows, signal, (workers) => {
      const windowSize = BATCHES_AHEAD * batchSize * (workers.pool?.devices.length ?? 1);
      return encodeWindows(windows, windowSize, async (window) =>
        toWindow(await this.#workers.run(output, window, job, workers, { signal })),
      );
    });
  }
}
