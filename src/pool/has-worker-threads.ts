/** Whether workers are threads of `node:worker_threads`: in Node, Deno and Bun. */
export function hasWorkerThreads(): boolean {
  return typeof process !== "undefined" && process.versions?.node !== undefined;
}
