/** One worker of a pool, seen from the pool. */
import type { FromWorker, ToWorker } from "./messages.ts";

export interface WorkerEvents {
  message(message: FromWorker): void;
  /** The worker has ended, for whatever reason; called once. */
  end(reason: Error): void;
}

export interface WorkerChannel {
  post(message: ToWorker): void;
  /** While it is held, the worker keeps the process alive; it begins so. */
  hold(): void;
  release(): void;
  /** Ends it at once. Resolves when it has ended. */
  terminate(): Promise<void>;
}

export type SpawnWorker = (events: WorkerEvents) => WorkerChannel;
