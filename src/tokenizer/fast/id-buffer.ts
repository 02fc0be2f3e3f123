/** Token ids in the making: grows, and is used again for the next text. */
export class IdBuffer {
  #ids = new Int32Array(512);
  /** How many ids it holds. May be set back. */
  length = 0;

  push(id: number): void {
    if (this.length === this.#ids.length) {
      const larger = new Int32Array(this.#ids.length * 2);
      larger.set(this.#ids);
      this.#ids = larger;
    }
    this.#ids[this.length++] = id;
  }

  copy(): Int32Array {
    return this.#ids.slice(0, this.length);
  }

  /** Copies the ids [start, end) to `target`, from `at` on. */
  copyTo(target: Int32Array, at: number, start: number, end: number): void {
    target.set(this.#ids.subarray(start, end), at);
  }
}
