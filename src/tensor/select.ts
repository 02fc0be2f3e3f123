/** The only file that knows every backend. */
import { ArgumentError } from "../errors.ts";
import { createJsBackend } from "./backend/js/js-backend.ts";
import type { Backend } from "./backend.ts";

/** Which CPU kernels: see the documentation of `SentenceTransformer.load`. */
export type BackendName = "js";

export interface BackendOptions {
  /** undefined: the fastest that works here. */
  readonly backend?: BackendName | undefined;
}

export async function selectBackend({ backend }: BackendOptions = {}): Promise<Backend> {
  if (backend === undefined || backend === "js") return createJsBackend();
  throw new ArgumentError(`backend: expected "js", got ${JSON.stringify(backend)}`);
}

/**
 * The fastest CPU backend that can be had at once, for functions that do not wait: its `readSync` is not null.
 * Whoever asks for it disposes of it.
 */
export function createSynchronousBackend(): Backend {
  return createJsBackend();
}
