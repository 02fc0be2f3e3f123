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

  /** A copy of the ids [start, end) with others before and after. */
  copy(start: number, end: number, before: readonly number[], after: readonly number[]): Int32Array {
    const out = new Int32Array(before.length + end - start + after.length);
    out.set(before);
    out.set(this.#ids.subarray(start, end), before.length);
    out.set(after, before.length + end - start);
    return out;
  }
}
