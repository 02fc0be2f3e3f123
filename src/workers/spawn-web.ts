import type { FromWorker } from "./messages.ts";
import type { WorkerChannel, WorkerEvents } from "./worker-channel.ts";

/** A Web Worker. A page with a Content-Security-Policy has to allow `worker-src blob:`. */
export function spawnWebWorker(program: string, events: WorkerEvents): WorkerChannel {
  const address = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const worker = new Worker(address, { name: "sentensor pool" });
  URL.revokeObjectURL(address);
  let ended = false;
  const end = (reason: Error) => {
    if (ended) return;
    ended = true;
    worker.terminate();
    events.end(reason);
  };
  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => events.message(data));
  // An uncaught error leaves a Web Worker alive, in a state that nobody knows; a missing file does so as well.
  worker.addEventListener("error", ({ message, error }) =>
    end(error instanceof Error ? error : new Error(message)),
  );
  worker.addEventListener("messageerror", () => end(new Error("a message could not be read")));
  return {
    post: (message) => worker.postMessage(message),
    hold() {},
    release() {},
    terminate: async () => end(new Error("it was terminated")),
  };
}
