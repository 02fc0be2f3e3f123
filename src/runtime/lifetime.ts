/** How long a model can be used, and what its end has to wait for. */
import { ArgumentError } from "../errors.ts";

export class Lifetime {
  readonly #controller = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  #end: Promise<void> | undefined;

  /** Aborted with an ArgumentError ("disposed") as soon as the end has been asked for. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @throws ArgumentError ("disposed") once the end has been asked for */
  check(operation: string): void {
    if (this.#end !== undefined) throw disposed(`${operation}: `);
  }

  /**
   * Runs `body`, which the end waits for. A body that can stop early does so by `check` or `signal`.
   *
   * @throws ArgumentError ("disposed")
   */
  async run<T>(operation: string, body: () => Promise<T>): Promise<T> {
    this.check(operation);
    const running = body();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Waits for everything that runs, then for `release`. Every call resolves when all of that is done. */
  end(release: () => void | Promise<void>): Promise<void> {
    this.#end ??= this.#finish(release);
    this.#controller.abort(disposed());
    return this.#end;
  }

  async #finish(release: () => void | Promise<void>): Promise<void> {
    await Promise.allSettled(this.#running);
    await release();
  }
}

function disposed(operation = ""): ArgumentError {
  return new ArgumentError(`${operation}this model has been disposed of`, {
    code: "disposed",
    subject: "model",
  });
}
