/** Long work in one thread that lets timers, requests and the user in between. */

/** After how many milliseconds without a break the next `pause` really pauses: below a frame at 60 Hz. */
const LONGEST_STRETCH = 12;

let macrotask: (() => Promise<void>) | undefined;

/** Resolves in a new turn of the event loop, as soon as the runtime can: promises alone would starve it. */
export function nextMacrotask(): Promise<void> {
  macrotask ??= chooseMacrotask();
  return macrotask();
}

function chooseMacrotask(): () => Promise<void> {
  if (typeof setImmediate === "function") return () => new Promise((resolve) => setImmediate(resolve));
  if (typeof MessageChannel === "function") {
    // setTimeout would wait 4 ms in browsers once it is nested.
    return () =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          port1.close();
          resolve();
        };
        port2.postMessage(null);
      });
  }
  return () => new Promise((resolve) => setTimeout(resolve, 0));
}

/** Places in long work where it may stop: for other work in the same thread, or for good. */
export class Pauses {
  readonly #signal: AbortSignal | undefined;
  #resumed = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Yields to the event loop if the last yield was more than 12 ms ago. @throws the signal's reason once it is aborted. */
  async pause(): Promise<void> {
    this.#signal?.throwIfAborted();
    if (performance.now() - this.#resumed < LONGEST_STRETCH) return;
    await nextMacrotask();
    this.#resumed = performance.now();
    this.#signal?.throwIfAborted();
  }
}
