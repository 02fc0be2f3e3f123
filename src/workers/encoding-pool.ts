/** Several workers that share the work of `encode`: each has the model for itself. */

import type { Merger, Output } from "../encode/output.ts";
import type { RunSettings } from "../encode/pipeline.ts";
import { ArgumentError } from "../errors.ts";
import type { ModuleSettings } from "../modules/load-modules.ts";
import { abortable, throwIfAborted } from "../runtime/signals.ts";
import type { ThreadPlace } from "../sources/reopen-model.ts";
import type { DeviceName } from "../tensor/device.ts";
import { placeWorker } from "../tensor/placement.ts";
import type { TextOrPair } from "../tokenizer/tokenizer.ts";
import { chooseSpawn } from "./choose-spawn.ts";
import { PoolError } from "./errors.ts";
import type { ChunkMessage } from "./messages.ts";
import type { SpawnWorker } from "./worker-channel.ts";
import { WorkerClient, WorkerEnded } from "./worker-client.ts";

/** Attempts per chunk before it fails. */
const MOST_ATTEMPTS = 3;

/** sentence-transformers v6.0.1, sentence_transformer/model.py, _multi_process. */
const LARGEST_CHUNK = 5000;
const CHUNKS_PER_WORKER = 10;

export interface PoolRun {
  /** null: as the model was loaded. */
  readonly maxSeqLength: number | null;
  /** undefined: a tenth of a worker's share, at most 5,000. */
  readonly chunkSize: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Called after each chunk: how many texts it had, and how many of them lost their end. */
  readonly onChunk: ((texts: number, truncated: number) => void) | undefined;
}

export interface PoolModel {
  readonly place: ThreadPlace;
  /** Those of the model; each worker is placed on a device of its own. */
  readonly settings: ModuleSettings;
}

export interface PoolStart {
  /** By default those of the runtime. */
  readonly spawn?: SpawnWorker | undefined;
  /** Any of them ends the start. */
  readonly signals?: readonly (AbortSignal | undefined)[];
}

export class EncodingPool implements AsyncDisposable {
  /** Of its workers, as they were started. */
  readonly devices: readonly DeviceName[];
  readonly #workers: readonly WorkerClient[];
  readonly #queue: Chunk[] = [];
  readonly #runs = new Set<Run>();
  #chunks = 0;
  #lastEnd: WorkerEnded | undefined;
  #stopped = false;

  private constructor(devices: readonly DeviceName[], workers: readonly WorkerClient[]) {
    this.devices = devices;
    this.#workers = workers;
  }

  /**
   * Starts a worker for each device, and waits until all have loaded the model.
   *
   * @throws PoolError where no worker can be started ("workers-unavailable"), or one ends meanwhile; whatever loading
   *   the model throws; the reason of a signal. No worker is left then.
   */
  static async start(
    { place, settings }: PoolModel,
    devices: readonly DeviceName[],
    { spawn, signals = [] }: PoolStart = {},
  ): Promise<EncodingPool> {
    const workers: WorkerClient[] = [];
    try {
      const spawnWorker = spawn ?? (await chooseSpawn().catch(notStarted));
      throwIfAborted(signals);
      for (const device of devices) {
        const placement = placeWorker(settings.placement, device);
        workers.push(new WorkerClient(spawnWorker, place, { ...settings, placement }));
      }
      await abortable(Promise.all(workers.map(({ ready }) => ready)), signals);
      throwIfAborted(signals);
    } catch (error) {
      await Promise.allSettled(workers.flatMap((worker) => [worker.ready, worker.terminate()]));
      if (!(error instanceof WorkerEnded)) throw error;
      if (!error.hasStarted) {
        throw new PoolError(`startMultiProcessPool: workers cannot be started: ${error.message}`, {
          code: "workers-unavailable",
          subject: "Worker",
          cause: error.cause,
        });
      }
      throw new PoolError(`a worker ended while it loaded the model: ${error.message}`, {
        code: "worker-start-failed",
        cause: error,
      });
    }
    return new EncodingPool([...devices], workers);
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** How many of its workers are there. */
  get size(): number {
    return this.#workers.filter(({ isAlive }) => isAlive).length;
  }

  /**
   * Results in the order of the texts.
   *
   * @throws PoolError where the pool is stopped meanwhile, or its workers end; what a worker throws; the signal's
   *   reason
   */
  async run<Result, Job extends RunSettings>(
    output: Output<Result, Job>,
    texts: readonly TextOrPair[],
    job: Job,
    options: PoolRun,
  ): Promise<Result> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#stopped) throw stoppedBefore();
    if (this.size === 0) throw this.#withoutWorkers();
    const merger = output.createMerger(texts.length);
    const run = new Run(output.workerOutput, [...texts], job, options, merger);
    const size = options.chunkSize ?? defaultChunkSize(texts.length, this.#workers.length);
    this.#queue.push(...run.split(size));
    this.#runs.add(run);
    const abort = () => run.fail(signal?.reason as Error);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      this.#dispatch();
      await run.finished;
      return merger.finish();
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#runs.delete(run);
    }
  }

  /** Ends the workers at once. What is being encoded rejects with a PoolError. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const run of this.#runs) run.fail(stoppedMeanwhile());
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #dispatch(): void {
    for (const worker of this.#workers) {
      if (!worker.isIdle) continue;
      const chunk = this.#nextChunk();
      if (chunk === undefined) return;
      void this.#encode(worker, chunk);
    }
  }

  #nextChunk(): Chunk | undefined {
    for (;;) {
      const chunk = this.#queue.shift();
      if (chunk === undefined || !chunk.run.isSettled) return chunk;
    }
  }

  async #encode(worker: WorkerClient, chunk: Chunk): Promise<void> {
    const { run } = chunk;
    const id = this.#chunks++;
    const cancel = () => worker.cancel(id);
    run.cancels.add(cancel);
    try {
      const result = await worker.encode(run.message(chunk, id));
      if (!run.isSettled) run.add(chunk, result);
    } catch (error) {
      if (error instanceof WorkerEnded) this.#again(chunk, error);
      else run.fail(error as Error);
    } finally {
      run.cancels.delete(cancel);
    }
    this.#dispatch();
  }

  /** Leaves a chunk whose worker has ended to the others. */
  #again(chunk: Chunk, ended: WorkerEnded): void {
    this.#lastEnd = ended;
    chunk.attempts++;
    if (chunk.attempts >= MOST_ATTEMPTS) {
      chunk.run.fail(
        new PoolError(
          `encode: ${MOST_ATTEMPTS} workers ended while they encoded texts ${chunk.start} to ${chunk.end - 1}; ` +
            `the last one: ${ended.message}`,
          { cause: ended.cause },
        ),
      );
    } else {
      this.#queue.unshift(chunk);
    }
    if (this.size === 0) for (const run of this.#runs) run.fail(this.#withoutWorkers());
  }

  #withoutWorkers(): PoolError {
    const last = this.#lastEnd === undefined ? "" : `; the last one: ${this.#lastEnd.message}`;
    return new PoolError(`encode: all workers of the pool have ended${last}`, {
      cause: this.#lastEnd?.cause,
    });
  }
}

/** For callers that use a pool after they have stopped it. */
export function stoppedBefore(): ArgumentError {
  return new ArgumentError("encode: this pool has been stopped", { code: "pool-stopped", subject: "pool" });
}

function stoppedMeanwhile(): PoolError {
  return new PoolError("encode: the pool was stopped meanwhile", { code: "pool-stopped", subject: "pool" });
}

function notStarted(error: unknown): never {
  throw new WorkerEnded(false, error);
}

function defaultChunkSize(texts: number, workers: number): number {
  return Math.max(1, Math.min(Math.ceil(texts / workers / CHUNKS_PER_WORKER), LARGEST_CHUNK));
}

interface Chunk {
  readonly run: Run;
  /** Texts start … end − 1. */
  readonly start: number;
  readonly end: number;
  attempts: number;
}

/** One call of `encode`. */
class Run {
  readonly #output: string;
  readonly #texts: readonly TextOrPair[];
  readonly #job: RunSettings;
  readonly #options: PoolRun;
  readonly #merger: Merger<unknown>;
  readonly finished: Promise<void>;
  /** Take back what workers are encoding for it. */
  readonly cancels = new Set<() => void>();
  #left: number;
  #settle!: { resolve(): void; reject(error: Error): void };
  #settled = false;

  constructor(
    output: string,
    texts: readonly TextOrPair[],
    job: RunSettings,
    options: PoolRun,
    merger: Merger<unknown>,
  ) {
    this.#output = output;
    this.#texts = texts;
    this.#job = job;
    this.#options = options;
    this.#merger = merger;
    this.#left = texts.length;
    this.finished = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  get isSettled(): boolean {
    return this.#settled;
  }

  split(size: number): Chunk[] {
    const chunks: Chunk[] = [];
    for (let start = 0; start < this.#texts.length; start += size) {
      chunks.push({ run: this, start, end: Math.min(start + size, this.#texts.length), attempts: 0 });
    }
    return chunks;
  }

  message({ start, end }: Chunk, id: number): ChunkMessage {
    const { maxSeqLength } = this.#options;
    const texts = this.#texts.slice(start, end);
    return { kind: "encode", id, output: this.#output, texts, job: this.#job, maxSeqLength };
  }

  add({ start, end }: Chunk, result: unknown): void {
    try {
      const truncated = this.#merger.add(start, result);
      this.#options.onChunk?.(end - start, truncated);
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    this.#left -= end - start;
    if (this.#left > 0) return;
    this.#settled = true;
    this.#settle.resolve();
  }

  fail(error: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    for (const cancel of this.cancels) cancel();
    this.#settle.reject(error);
  }
}
