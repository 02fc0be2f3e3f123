/** The only file that knows every backend. */

import { UnsupportedError } from "../errors.ts";
import { debug, isDebugging } from "../runtime/debug.ts";
import { availableParallelism, environmentVariable } from "../runtime/environment.ts";
import { nextMacrotask } from "../runtime/scheduling.ts";
import { createJsBackend } from "./backend/js/js-backend.ts";
import { hasThreads } from "./backend/wasm/threads/spawn.ts";
import { ThreadedWasmBackend } from "./backend/wasm/threads/threaded-backend.ts";
import { createWasmBackend, createWideWasmBackend, type WasmBackend } from "./backend/wasm/wasm-backend.ts";
import type { Backend } from "./backend.ts";
import { checkPlacement, type Placement, type PlacementOptions } from "./placement.ts";
import { tracedBackend } from "./traced-backend.ts";

/**
 * @throws ArgumentError for options that are not known
 * @throws UnsupportedError where this runtime does not have what was asked for by name
 */
export async function selectBackend(options: PlacementOptions = {}): Promise<Backend> {
  const placement = checkPlacement(options);
  if (!isDebugging(2)) return await select(placement);
  // What several threads do at once cannot be told apart: the shapes and times of one are shown.
  return tracedBackend(await select({ ...placement, threads: 1 }));
}

/** What `body` makes with a backend of its own. Where it fails, the backend has been disposed of. */
export async function withBackend<T>(
  options: PlacementOptions,
  body: (backend: Backend) => Promise<T>,
): Promise<T> {
  const backend = await selectBackend(options);
  try {
    return await body(backend);
  } catch (error) {
    await backend.dispose();
    throw error;
  }
}

async function select({
  backend,
  threads,
  wideSimd = environmentVariable("SENTENSOR_WIDE_SIMD") === "1",
}: Placement): Promise<Backend> {
  if (backend === "js") return createJsBackend();
  try {
    const wasm = (wideSimd ? await tryWideSimd() : null) ?? createWasmBackend();
    debug(3, () => wasm.formatKernels());
    const selected = await withThreads(wasm, threads);
    debug(1, () => selected.description);
    return selected;
  } catch (error) {
    const isAskedFor = backend === "wasm" || (threads ?? 1) > 1; // JavaScript computes in one thread
    if (isAskedFor || !(error instanceof UnsupportedError)) throw error;
    const fallback = createJsBackend(error.message);
    debug(1, () => fallback.description);
    return fallback;
  }
}

/** Returns null if wide SIMD is unavailable. */
async function tryWideSimd(): Promise<WasmBackend | null> {
  try {
    return await createWideWasmBackend();
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    debug(1, () => error.message);
    return null;
  }
}

/**
 * The fastest CPU backend that can be had at once, for functions that do not wait: its `readSync` is not null.
 * Whoever asks for it disposes of it.
 */
export function createSynchronousBackend(): Backend {
  try {
    return createWasmBackend();
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return createJsBackend(error.message);
  }
}

async function withThreads(backend: WasmBackend, threads: number | undefined): Promise<Backend> {
  if (threads === 1) return backend;
  const problem = !backend.share.features.sharedMemory
    ? "this runtime has no memory that threads can share (in browsers: the page is not cross-origin isolated)"
    : hasThreads()
      ? null
      : "this runtime has no worker threads";
  if (problem !== null) {
    if (threads === undefined) return backend;
    throw new UnsupportedError(`threads: ${problem}`, { code: "threads-unavailable", subject: "threads" });
  }
  const count = threads ?? (await availableParallelism());
  return count === 1 ? backend : new ThreadedWasmBackend(backend, count, nextMacrotask);
}
