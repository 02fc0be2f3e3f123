/** Why a worker cannot be started, in words: `error` is what its constructor threw, or its `error` event. */
export function workerProblem(error: unknown): string {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (code === "ERR_ACCESS_DENIED") {
    return "Node's permission model forbids worker threads; --allow-worker permits them";
  }
  // Workers that a Content-Security-Policy forbids end with an event that has no message.
  if (typeof message !== "string" || message === "") {
    return "the worker ended before it ran; a Content-Security-Policy has to permit worker-src blob:";
  }
  return message;
}
