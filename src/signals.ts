import { checkSignal } from "./check-arguments.ts";

/**
 * Runs `body` with a signal that follows `signal` only until `body` has ended: what it opens may live on, and
 * is not to break when a time limit for the opening passes later.
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
