import { checkSignal } from "./check-arguments.ts";

/**
 * Runs `body` with a copy of `signal` that is detached when `body` ends, so that a later abort does not affect what
 * `body` opened.
 */
export async function whileRunning<T>(
  signal: AbortSignal | undefined,
  body: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  checkSignal(signal);
  if (signal === undefined) return await body(undefined);
  signal.throwIfAborted();
  const controller = new AbortController();
  const follow = () => controller.abort(signal.reason);
  signal.addEventListener("abort", follow, { once: true });
  try {
    return await body(controller.signal);
  } finally {
    signal.removeEventListener("abort", follow);
  }
}
