/** The modules of a model as one chain: texts in at the first, results out at the last. */

import { ArgumentError } from "../errors.ts";
import { Features } from "../modules/features.ts";
import { type InputModule, isInputModule, type Module } from "../modules/module.ts";
import { describe } from "../runtime/check-arguments.ts";
import { Lifetime } from "../runtime/lifetime.ts";
import { Mutex } from "../runtime/mutex.ts";
import { Pauses } from "../runtime/scheduling.ts";
import type { TextOrPair } from "../tokenizer/tokenizer.ts";
import { makeBatches, packTokens, type TextBatch } from "./batches.ts";
import type { Collector } from "./collectors.ts";

export interface RunSettings {
  /** Put in front of every text, of a pair the first; null or "": nothing. */
  readonly prompt: string | null;
  /** What the texts are encoded for, in models with several routes. */
  readonly task: string | null;
  /** How many texts go through the modules at once; null: as the backend likes. */
  readonly batchSize: number | null;
}

export interface RunHooks {
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch: how many texts it had, and how many of them lost their end. */
  readonly onBatch?: ((texts: number, truncated: number) => void) | undefined;
}

export class Pipeline {
  readonly modules: readonly [InputModule, ...Module[]];
  readonly lifetime = new Lifetime();
  readonly #work = new Mutex();

  /**
   * @param owner the class of models that it belongs to, for messages
   * @throws ArgumentError where the first module does not take texts
   */
  constructor(modules: readonly Module[], owner = "SentenceTransformer") {
    if (!Array.isArray(modules)) {
      throw new ArgumentError(`${owner}: expected an array of modules, got ${describe(modules)}`, {
        subject: "modules",
      });
    }
    const alien = modules.findIndex((module) => typeof module?.forward !== "function");
    if (alien !== -1) {
      throw new ArgumentError(
        `${owner}: expected modules with a method \`forward\`; module ${alien} has none`,
        { subject: "modules" },
      );
    }
    const [first, ...others]: Module[] = modules;
    if (first === undefined || !isInputModule(first)) {
      throw new ArgumentError(
        `${owner}: expected a first module that turns text into tokens (a Transformer, for one), ` +
          `got ${first === undefined ? "no modules" : first.type}`,
        { subject: "modules" },
      );
    }
    this.modules = [first, ...others];
  }

  get input(): InputModule {
    return this.modules[0];
  }

  /** The width of the vectors that the last module gives. */
  get embeddingDimension(): number {
    return this.modules.findLast((module) => module.embeddingDimension !== null)!.embeddingDimension!;
  }

  /** Runs texts or pairs through the modules, batch by batch, with the event loop let in between. */
  async run<T>(
    texts: readonly TextOrPair[],
    collector: Collector<T>,
    settings: RunSettings,
    hooks: RunHooks = {},
  ): Promise<T> {
    return await this.lifetime.run("encode", () => this.#run(texts, collector, settings, hooks));
  }

  async #run<T>(
    texts: readonly TextOrPair[],
    collector: Collector<T>,
    { prompt, task, batchSize }: RunSettings,
    { signal, onBatch }: RunHooks,
  ): Promise<T> {
    const { input } = this;
    const prompted = prompt ? texts.map((text) => withPrompt(prompt, text)) : texts;
    const promptLength = prompt ? input.promptLength(prompt, task) : null;
    const pauses = new Pauses(signal);
    const underway = new Set<Promise<void>>();
    // Batches may end in any order; progress is told in the order in which they began.
    let told: Promise<void> = Promise.resolve();
    try {
      for (const batch of makeBatches(prompted, input, { batchSize, task })) {
        await pauses.pause();
        const { collected } = await this.#start(batch, collector, { promptLength, task }, signal);
        const done = collected.then(() => {
          underway.delete(done);
        });
        underway.add(done);
        told = Promise.all([told, done]).then(() => {
          if (!signal?.aborted)
            onBatch?.(batch.texts.length, batch.texts.filter(({ truncated }) => truncated).length);
        });
        told.catch(() => {}); // it is waited for below; a failure may come before that
        if (underway.size >= input.backend.concurrency) await Promise.race(underway);
      }
    } finally {
      await Promise.allSettled(underway);
    }
    await told;
    signal?.throwIfAborted();
    return collector.finish();
  }

  /**
   * Runs one batch up to the point where its results have been requested. On asynchronous backends the batch is then
   * still running; the next one can be submitted.
   */
  #start<T>(
    batch: TextBatch,
    collector: Collector<T>,
    context: { readonly promptLength: number | null; readonly task: string | null },
    signal: AbortSignal | undefined,
  ): Promise<{ readonly collected: Promise<void> }> {
    return this.#work.run(async () => {
      this.lifetime.check("encode");
      const { backend } = this.input;
      if (backend.lost !== null) throw backend.lost;
      const features = new Features(packTokens(batch.texts), context);
      try {
        for (const module of this.modules) await module.forward(features, { signal });
        const done = Promise.all([collector.add(batch, features), backend.settle()]);
        return { collected: done.then(() => {}) };
      } finally {
        features.dispose();
      }
    });
  }

  /** Frees all memory once the running batches are done. Calls with further batches reject ("disposed"). */
  async dispose(): Promise<void> {
    await this.lifetime.end(async () => {
      for (const module of this.modules) module.dispose();
      await this.input.backend.dispose();
    });
  }
}

function withPrompt(prompt: string, text: TextOrPair): TextOrPair {
  return typeof text === "string" ? prompt + text : [prompt + text[0], text[1]];
}
