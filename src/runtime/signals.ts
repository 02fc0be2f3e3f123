/**
 * Runs `body` with a copy of `signal` that is detached when `body` ends, so that a later abort does not affect what
 * `body` opened.
 *
 * @throws the signal's reason if it is aborted before `body` has ended
 */
export async function whileRunning<T>(
  signal: AbortSignal | undefined,
  body: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (signal === undefined) return await body(undefined);
  signal.throwIfAborted();
  const controller = new AbortController();
  const follow = () => controller.abort(signal.reason);
  signal.addEventListener("abort", follow, { once: true });
  try {
    const result = await body(controller.signal);
    signal.throwIfAborted();
    return result;
  } finally {
    signal.removeEventListener("abort", follow);
  }
}

/** @throws the reason of the first of them that is aborted */
export function throwIfAborted(signals: readonly (AbortSignal | undefined)[]): void {
  for (const signal of signals) signal?.throwIfAborted();
}

/** Settles as `promise`, or rejects with the reason of the first signal that is aborted before. */
export function abortable<T>(promise: Promise<T>, signals: readonly (AbortSignal | undefined)[]): Promise<T> {
  const given = signals.filter((signal) => signal !== undefined);
  if (given.length === 0) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(given.find(({ aborted }) => aborted)?.reason as Error);
    if (given.some(({ aborted }) => aborted)) stop();
    for (const signal of given) signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => {
      for (const signal of given) signal.removeEventListener("abort", stop);
    });
  });
}
