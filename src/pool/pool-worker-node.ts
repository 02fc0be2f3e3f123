/** The entry of a pool's worker in Node, Deno and Bun. */
import { parentPort } from "node:worker_threads";
import { serve } from "./serve.ts";

const port = parentPort;
if (port === null) throw new TypeError("this file runs in worker threads");

serve({
  post: (message, transfer = []) => port.postMessage(message, [...transfer]),
  listen: (handler) => port.on("message", handler),
});
