/** Texts from anywhere, some at a time. */

import { ArgumentError } from "../errors.ts";
import { describe } from "../runtime/check-arguments.ts";
import { abortable, throwIfAborted } from "../runtime/signals.ts";
import { checkText } from "./check.ts";

/** How long a window waits for more after its first text: what trickles in is not to be held back. Milliseconds. */
const LINGER = 25;

export type TextSource = Iterable<string> | AsyncIterable<string>;

/** Reads a source window by window, and closes it when it is not wanted any more. */
export class TextWindows {
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #signals: readonly (AbortSignal | undefined)[];
  #pending: Promise<IteratorResult<unknown>> | null = null;
  #ended = false;
  #count = 0;

  /** @throws ArgumentError for what cannot be iterated, and for a single text. */
  constructor(texts: TextSource, ...signals: readonly (AbortSignal | undefined)[]) {
    this.#iterator = iteratorOf(texts);
    this.#signals = signals;
  }

  /**
   * The next texts: `limit` of them, or fewer where the source ends or makes wait. Empty: there are no more.
   * @throws ArgumentError for what is not a text; the reason of a signal; whatever the source throws
   */
  async read(limit: number): Promise<string[]> {
    this.checkSignals();
    const window: string[] = [];
    let linger: Timer | null = null;
    try {
      while (window.length < limit && !this.#ended) {
        let result = this.#next();
        if (result instanceof Promise) {
          if (window.length > 0) linger ??= new Timer(LINGER);
          const arrived = await (linger === null
            ? abortable(result, this.#signals)
            : Promise.race([result, linger.elapsed]));
          if (arrived === undefined) break;
          result = arrived;
        }
        this.#pending = null;
        if (result.done) this.#ended = true;
        else
          window.push(checkText(result.value, `encodeStream: expected a string at index ${this.#count++}`));
      }
    } finally {
      linger?.clear();
    }
    return window;
  }

  /** @throws the reason of a signal that is aborted */
  checkSignals(): void {
    throwIfAborted(this.#signals);
  }

  /** Tells a source that has not ended that nobody reads on. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const closing = this.#iterator.return?.();
    if (this.#pending === null) {
      await closing;
      return;
    }
    // A source that is being waited for closes once it has answered, which may be never.
    this.#pending.catch(() => {});
    Promise.resolve(closing).catch(() => {});
  }

  /** A source that throws has ended. */
  #next(): IteratorResult<unknown> | Promise<IteratorResult<unknown>> {
    if (this.#pending !== null) return this.#pending;
    try {
      const result = this.#iterator.next();
      if (!(result instanceof Promise)) return result;
      this.#pending = result.catch((error: unknown) => {
        this.#ended = true;
        throw error;
      });
      return this.#pending;
    } catch (error) {
      this.#ended = true;
      throw error;
    }
  }
}

function iteratorOf(texts: TextSource): Iterator<unknown> | AsyncIterator<unknown> {
  if (typeof texts === "object" && texts !== null) {
    if (Symbol.asyncIterator in texts) return promising(texts[Symbol.asyncIterator]());
    if (Symbol.iterator in texts) return texts[Symbol.iterator]();
  }
  throw new ArgumentError(
    `encodeStream: expected an iterable or async iterable of strings, got ${describe(texts)}`,
  );
}

/** Iterators of one's own making may answer with thenables. */
function promising(iterator: AsyncIterator<unknown>): AsyncIterator<unknown> {
  return {
    next: async () => await iterator.next(),
    return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
  };
}

class Timer {
  readonly elapsed: Promise<undefined>;
  #handle: ReturnType<typeof setTimeout> | undefined;

  constructor(milliseconds: number) {
    this.elapsed = new Promise((resolve) => {
      this.#handle = setTimeout(() => resolve(undefined), milliseconds);
    });
  }

  clear(): void {
    clearTimeout(this.#handle);
  }
}
