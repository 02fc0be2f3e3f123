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

/** Workers as this runtime has them: threads in Node, Deno and Bun, Web Workers in browsers. */
export async function chooseSpawn(): Promise<SpawnWorker> {
  if (typeof process !== "undefined" && process.versions?.node !== undefined) {
    return (await import("./spawn-node.ts")).spawnThread;
  }
  return (await import("./spawn-web.ts")).spawnWebWorker;
}
