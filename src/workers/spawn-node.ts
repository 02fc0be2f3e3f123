import { Worker } from "node:worker_threads";
import type { FromWorker } from "./messages.ts";
import type { WorkerChannel, WorkerEvents } from "./worker-channel.ts";

/** A thread of worker_threads. */
export function spawnThread(program: string, events: WorkerEvents): WorkerChannel {
  // Options of the main thread (--input-type, --eval) may not suit a program of ours.
  const worker = new Worker(program, { eval: true, execArgv: [], name: "sentensor pool" });
  let failure: Error | undefined;
  worker.on("message", (message: FromWorker) => events.message(message));
  worker.on("messageerror", (error) => {
    failure ??= error;
    void worker.terminate();
  });
  worker.on("error", (error: unknown) => {
    failure ??= error instanceof Error ? error : new Error(String(error));
  });
  const ended = new Promise<void>((resolve) => {
    worker.on("exit", (code) => {
      events.end(failure ?? new Error(`it ended with exit code ${code}`));
      resolve();
    });
  });
  return {
    post: (message) => worker.postMessage(message),
    hold: () => worker.ref(),
    release: () => worker.unref(),
    terminate: async () => {
      await worker.terminate();
      await ended;
    },
  };
}
