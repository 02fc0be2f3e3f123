/** Where a model computes what it is asked for: in its own thread, or in workers that it starts. */

import { runJob } from "../encode/job.ts";
import type { Output } from "../encode/output.ts";
import type { Pipeline, RunHooks, RunSettings } from "../encode/pipeline.ts";
import type { TextWindows } from "../encode/text-windows.ts";
import { ArgumentError, UnsupportedError } from "../errors.ts";
import { checkWhole } from "../runtime/check-arguments.ts";
import { checkDevice, type DeviceName } from "../tensor/device.ts";
import type { TextOrPair } from "../tokenizer/tokenizer.ts";
import { EncodingPool, type PoolModel, stoppedBefore } from "../workers/encoding-pool.ts";
import type { EncodeOptions } from "./encode-options.ts";

/** Which workers a call asks for. */
export type WorkerOptions = Pick<EncodeOptions, "pool" | "device" | "chunkSize">;

/** What computes for one call: a pool, workers that are started for it, or (neither) the model itself. */
export interface ChosenWorkers {
  readonly pool: EncodingPool | undefined;
  readonly devices: readonly DeviceName[] | undefined;
  readonly chunkSize: number | undefined;
}

export class ModelWorkers {
  /** What workers load the model from; undefined: its modules did not come from files. */
  model: PoolModel | undefined;
  /** What it was set to after loading; null: it is as it was loaded. */
  maxSeqLength: number | null = null;
  readonly #pipeline: Pipeline;
  readonly #pools = new Set<EncodingPool>();

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
  }

  /** @throws ArgumentError, UnsupportedError */
  choose({ pool, device, chunkSize }: WorkerOptions): ChosenWorkers {
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

  /** Here, or in a pool. */
  async run<Result, Job extends RunSettings>(
    output: Output<Result, Job>,
    texts: readonly TextOrPair[],
    job: Job,
    { pool, devices, chunkSize }: ChosenWorkers,
    hooks: RunHooks,
  ): Promise<Result> {
    if (texts.length === 0 || (pool === undefined && devices === undefined)) {
      return await runJob(this.#pipeline, output, texts, job, hooks);
    }
    const { signal, onBatch } = hooks;
    const { maxSeqLength } = this;
    const chosen = pool ?? (await this.startPool(devices!, signal));
    try {
      return await chosen.run(output, texts, job, { maxSeqLength, chunkSize, signal, onChunk: onBatch });
    } finally {
      if (pool === undefined) await this.stopPool(chosen);
    }
  }

  /**
   * `signal` ends the start, not the pool.
   *
   * @throws UnsupportedError ("pool-needs-files"), PoolError, ArgumentError ("disposed")
   */
  async startPool(devices: readonly DeviceName[], signal?: AbortSignal): Promise<EncodingPool> {
    const { lifetime } = this.#pipeline;
    return await lifetime.run("startMultiProcessPool", async () => {
      if (this.model === undefined) {
        throw new UnsupportedError(
          "startMultiProcessPool: workers load the model from files, and this one was made of modules; save it, and load it again",
          { code: "pool-needs-files" },
        );
      }
      const pool = await EncodingPool.start(this.model, devices, { signals: [signal, lifetime.signal] });
      for (const old of this.#pools) if (old.isStopped) this.#pools.delete(old);
      this.#pools.add(pool);
      return pool;
    });
  }

  async stopPool(pool: EncodingPool): Promise<void> {
    this.#pools.delete(pool);
    await pool.stop();
  }

  async stopPools(): Promise<void> {
    await Promise.all([...this.#pools].map((pool) => this.stopPool(pool)));
  }

  /** One pool for a whole stream, where the workers are to be started for it. */
  throughout<T>(
    chosen: ChosenWorkers,
    windows: TextWindows,
    signal: AbortSignal | undefined,
    stream: (chosen: ChosenWorkers) => AsyncGenerator<T, void, undefined>,
  ): AsyncGenerator<T, void, undefined> {
    const { pool, devices } = chosen;
    return devices === undefined || pool !== undefined
      ? stream(chosen)
      : this.#withOnePool(devices, windows, signal, (started) => stream({ ...chosen, pool: started }));
  }

  async *#withOnePool<T>(
    devices: readonly DeviceName[],
    windows: TextWindows,
    signal: AbortSignal | undefined,
    stream: (pool: EncodingPool) => AsyncGenerator<T, void, undefined>,
  ): AsyncGenerator<T, void, undefined> {
    let pool: EncodingPool;
    try {
      pool = await this.startPool(devices, signal);
    } catch (error) {
      await windows.close().catch(() => {}); // the first error counts
      throw error;
    }
    try {
      yield* stream(pool);
    } finally {
      await this.stopPool(pool);
    }
  }
}

/** A copy. @throws ArgumentError, UnsupportedError for what is no list of devices */
export function checkDevices(devices: readonly DeviceName[]): readonly DeviceName[] {
  if (!Array.isArray(devices) || devices.length === 0) {
    throw new ArgumentError(`devices: expected an array of at least one, got ${JSON.stringify(devices)}`, {
      subject: "device",
    });
  }
  return devices.map(checkDevice);
}
