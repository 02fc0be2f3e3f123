/** The entry of a pool's worker in browsers. */
import type { ToWorker } from "./messages.ts";
import { serve } from "./serve.ts";

/** What a dedicated worker has; the library of the page's own types does not say so. */
interface WorkerScope {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
}

const scope = globalThis as unknown as WorkerScope;

serve({
  post: (message, transfer = []) => scope.postMessage(message, [...transfer]),
  listen: (handler) => scope.addEventListener("message", ({ data }) => handler(data)),
});
