/** One worker of a pool, seen from the pool. */
import { isNodeCompatible } from "../runtime/environment.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { withSharedData } from "./shared-data.ts";
import { spawnWebWorker } from "./spawn-web.ts";
import { loadWorkerProgram } from "./worker-program.ts";

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
  const program = withSharedData(await loadWorkerProgram());
  if (!isNodeCompatible()) return (events) => spawnWebWorker(program, events);
  const { spawnThread } = await import("./spawn-node.ts");
  return (events) => spawnThread(program, events);
}
