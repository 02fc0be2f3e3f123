import type { Backend } from "../tensor/backend.ts";
import { createSynchronousBackend } from "../tensor/select.ts";

let shared: Backend | undefined;

/** Shared default backend for matrix products, created on first use because creation is slow. */
export function sharedBackend(): Backend {
  shared ??= createSynchronousBackend();
  return shared;
}
