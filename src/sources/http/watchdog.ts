/** Ends one exchange when the user's signal is raised, or when nothing has happened for a while. */
export class Watchdog {
  readonly #controller = new AbortController();
  readonly #user: AbortSignal | undefined;
  readonly #forward = () => this.#controller.abort(this.#user?.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #expired: string | undefined;

  constructor(user: AbortSignal | undefined) {
    this.#user = user;
    if (user?.aborted) this.#forward();
    user?.addEventListener("abort", this.#forward, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What took too long, once it has; undefined before. */
  get expired(): string | undefined {
    return this.#expired;
  }

  /** Waits for `action`, but no longer than `milliseconds`. */
  async guard<T>(action: () => Promise<T>, milliseconds: number, complaint: string): Promise<T> {
    this.#timer = setTimeout(() => {
      this.#expired = `${complaint} within ${milliseconds / 1000} s`;
      this.#controller.abort();
    }, milliseconds);
    try {
      return await action();
    } finally {
      clearTimeout(this.#timer);
    }
  }

  /** Nothing more is to be watched. */
  release(): void {
    clearTimeout(this.#timer);
    this.#user?.removeEventListener("abort", this.#forward);
  }
}
