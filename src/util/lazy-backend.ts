import type { Backend } from "../tensor/backend.ts";
import { createSynchronousBackend } from "../tensor/select.ts";

/** The backend that a function was given, or one of its own that is created where it is first needed. */
export class LazyBackend {
  readonly #given: Backend | undefined;
  #own: Backend | undefined;

  constructor(given: Backend | undefined) {
    this.#given = given;
  }

  get(): Backend {
    if (this.#given !== undefined) return this.#given;
    this.#own ??= createSynchronousBackend();
    return this.#own;
  }

  /** Gives its own backend's memory back; leaves a given one alone. */
  dispose(): void {
    this.#own?.dispose();
    this.#own = undefined;
  }
}
