/** What a worker thread of Node, Deno and Bun has in place of a Web Worker's global scope. */
export { parentPort } from "node:worker_threads";
