import { type Answer, connectionFailure, HttpFailure } from "./failure.ts";
import { type NetworkTiming, retryDelay } from "./timing.ts";
import { Watchdog } from "./watchdog.ts";

export interface HttpClientOptions {
  readonly timing: NetworkTiming;
  readonly signal: AbortSignal | undefined;
  /** The runtime's own where it is not given. */
  readonly fetch: typeof fetch | undefined;
}

/** The answer to one request. Its body has to be read by `HttpClient.body`, or dropped by `HttpClient.drop`. */
export interface Exchange extends Answer {
  readonly watchdog: Watchdog;
}

/** An exchange whose body continues where an earlier one broke off. */
export interface Continuation {
  readonly exchange: Exchange;
  /** The position of the first byte, where it is not the one that was asked for. */
  readonly start?: number;
  /** The position behind the last byte; undefined: nobody knows. */
  readonly end: number | undefined;
  /** There has to be an end, where nobody knows it. */
  readonly limit?: number;
}

const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504]);

/** So many bytes have to arrive before a failure counts as the first one again. */
const ENOUGH_PROGRESS = 2 ** 16;

/** Requests that end when nothing happens or the user's signal is raised, and are repeated when they fail. */
export class HttpClient {
  readonly timing: NetworkTiming;
  readonly signal: AbortSignal | undefined;
  readonly #fetch: typeof fetch | undefined;

  constructor({ timing, signal, fetch }: HttpClientOptions) {
    this.timing = timing;
    this.signal = signal;
    this.#fetch = fetch;
  }

  /** Sends one request. @throws HttpFailure where no answer comes, or one whose status may pass */
  async send(url: string, init: RequestInit): Promise<Exchange> {
    const watchdog = new Watchdog(this.signal);
    const send = this.#fetch ?? globalThis.fetch;
    try {
      const response = await this.#attempt(url, watchdog, () =>
        watchdog.guard(
          () => send(url, { ...init, signal: watchdog.signal }),
          this.timing.answerTimeout,
          "did not answer",
        ),
      );
      const answer = { response, url: response.url || url };
      if (!TRANSIENT.has(response.status)) return { ...answer, watchdog };
      await response.body?.cancel().catch(() => {});
      const message = `${hostOf(answer.url)} answered with status ${response.status}`;
      throw new HttpFailure("status", message, { transient: true, answer });
    } catch (error) {
      watchdog.release();
      throw error;
    }
  }

  /** The pieces of a body as they arrive. @throws HttpFailure where it breaks off or stalls */
  async *body({ response, url, watchdog }: Exchange): AsyncGenerator<Uint8Array> {
    const reader = response.body?.getReader();
    try {
      while (reader !== undefined) {
        const { done, value } = await this.#attempt(url, watchdog, () =>
          watchdog.guard(() => reader.read(), this.timing.stallTimeout, "sent nothing"),
        );
        if (done) return;
        yield value;
      }
    } finally {
      await reader?.cancel().catch(() => {});
      watchdog.release();
    }
  }

  /** Ends an answer whose body nobody wants. */
  async drop({ response, watchdog }: Exchange): Promise<void> {
    await response.body?.cancel().catch(() => {});
    watchdog.release();
  }

  /** Repeats what failed for a reason that may pass. */
  async retrying<T>(action: () => Promise<T>, attempts: number = this.timing.attempts): Promise<T> {
    for (let failures = 0; ; ) {
      try {
        return await action();
      } catch (error) {
        if (!(error instanceof HttpFailure && error.transient) || ++failures >= attempts) throw error;
        await this.#pause(failures, error);
      }
    }
  }

  /**
   * Bytes from the position `from` on, as they arrive. A connection that breaks is taken up again where it broke.
   *
   * @param ask sends a request for what comes from a position on, and checks the answer; what it throws besides
   *   HttpFailure is passed on
   * @throws HttpFailure of the last attempt
   */
  async *resuming(
    from: number,
    ask: (position: number) => Promise<Continuation>,
  ): AsyncGenerator<Uint8Array> {
    let position = from;
    let furthest = from; // where something failed
    let failures = 0;
    let end: number | undefined;
    while (end === undefined || position < end) {
      try {
        const answer = await ask(position);
        const host = hostOf(answer.exchange.url);
        position = answer.start ?? position;
        end = answer.end;
        for await (const bytes of this.body(answer.exchange)) {
          position += bytes.length;
          if (position > (end ?? answer.limit ?? position)) {
            const most = end ?? `at most ${answer.limit}, as its size was not told,`;
            throw new HttpFailure("long", `expected ${most} bytes, the server sent more`);
          }
          yield bytes;
        }
        if (end === undefined || position === end) return;
        const message = `the connection to ${host} broke after ${position} of ${end} bytes`;
        throw new HttpFailure("short", message, { transient: true });
      } catch (error) {
        if (!(error instanceof HttpFailure)) throw error;
        // A name that cannot be looked up is hopeless at the start; later on it is a network that went away.
        if (!(error.transient || (error.kind === "connection" && position > from))) throw error;
        if (position - furthest >= ENOUGH_PROGRESS) failures = 0;
        furthest = Math.max(furthest, position);
        if (++failures >= this.timing.attempts) throw error;
        await this.#pause(failures, error);
      }
    }
  }

  /** Waits after a failure, the longer the more there were in a row. */
  async #pause(failures: number, { retryAfter }: HttpFailure): Promise<void> {
    await this.timing.wait(retryDelay(this.timing, failures - 1, retryAfter), this.signal);
    this.signal?.throwIfAborted();
  }

  async #attempt<T>(url: string, watchdog: Watchdog, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (cause) {
      this.signal?.throwIfAborted();
      if (watchdog.expired === undefined) throw connectionFailure(hostOf(url), cause);
      throw new HttpFailure("silence", `${hostOf(url)} ${watchdog.expired}`, { cause, transient: true });
    }
  }
}

function hostOf(url: string): string {
  return new URL(url).host;
}
