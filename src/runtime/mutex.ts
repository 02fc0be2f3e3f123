/** One at a time, in the order of asking. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `body` after all bodies given before have ended, well or not. */
  run<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#last.then(body, body);
    this.#last = result.catch(() => {});
    return result;
  }
}
