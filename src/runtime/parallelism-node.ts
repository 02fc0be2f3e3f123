/** Node 20 has no `navigator` that would tell. */
export { availableParallelism } from "node:os";
