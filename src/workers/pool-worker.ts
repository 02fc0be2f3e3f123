/**
 * The program of a pool's worker, in every runtime: a thread of Node, Deno and Bun, or a Web Worker. The build bundles
 * it, and all that it may ever import, into one text without `import()`: see worker-program.ts.
 */
import { isNodeCompatible } from "../runtime/environment.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { serve } from "./serve.ts";

/** What a dedicated worker has; the library of the page's own types does not say so. */
interface WorkerScope {
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
}

if (isNodeCompatible()) {
  // Messages wait until somebody listens.
  void import("./pool-worker-node.ts").then(({ parentPort }) => {
    if (parentPort === null) throw new TypeError("this program runs in worker threads");
    serve({
      post: (message, transfer = []) => parentPort.postMessage(message, [...transfer]),
      listen: (handler) => parentPort.on("message", handler),
    });
  });
} else {
  // At once: messages that arrive before the listener are lost.
  const scope = globalThis as unknown as WorkerScope;
  serve({
    post: (message, transfer = []) => scope.postMessage(message, [...transfer]),
    listen: (handler) => scope.addEventListener("message", ({ data }) => handler(data)),
  });
}
