/** The contract of a kind of result: how it is collected from batches, and how it comes back from workers. */
import type { Collector } from "./collectors.ts";
import type { Pipeline, RunSettings } from "./pipeline.ts";

/** Takes the results of chunks, in any order. */
export interface Merger<T> {
  /** @param start the index of the chunk's first text. @returns how many of its texts were truncated */
  add(start: number, packed: unknown): number;
  finish(): T;
}

/** A result on its way to another thread. */
export interface PackedOutput {
  /** Can be cloned. */
  readonly result: unknown;
  /** Memory that is moved instead of copied. */
  readonly transfer: readonly ArrayBuffer[];
}

/** A kind of result. `Job` is what its collector needs to know: plain data, which travels to workers. */
export interface Output<Result, Job extends RunSettings = RunSettings> {
  createCollector(count: number, job: Job, pipeline: Pipeline): Collector<Result>;
  /** The name of the output that workers are asked for, and whose packed results `createMerger` takes. */
  readonly workerOutput: string;
  createMerger(count: number): Merger<Result>;
}

/** A kind of result that workers give. */
export interface WorkerOutput<Result, Job extends RunSettings = RunSettings> extends Output<Result, Job> {
  pack(result: Result): PackedOutput;
}
