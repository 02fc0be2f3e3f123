/**
 * A frozen set of code points. JavaScript's `\p{…}` follows the engine's Unicode version; these sets do
 * not, so the same text gives the same ids in every runtime.
 */
export class CodePointSet {
  readonly #encoded: string;
  #basic: Uint8Array | null = null; // [0x10000], 1 for members
  #starts: number[] = []; // beyond the basic plane, ascending
  #ends: number[] = []; // exclusive

  /** @param encoded alternating gaps and lengths of ranges, in base 36 (see generate.py). Read at the first question. */
  constructor(encoded: string) {
    this.#encoded = encoded;
  }

  has(codePoint: number): boolean {
    const basic = this.#basic ?? this.#decode();
    return codePoint < 0x10000 ? basic[codePoint] === 1 : this.#hasAstral(codePoint);
  }

  #decode(): Uint8Array {
    const basic = new Uint8Array(0x10000);
    const numbers = this.#encoded.split(",");
    let position = 0;
    for (let i = 0; i + 1 < numbers.length; i += 2) {
      const start = position + Number.parseInt(numbers[i]!, 36);
      const end = start + Number.parseInt(numbers[i + 1]!, 36);
      if (start < 0x10000) basic.fill(1, start, Math.min(end, 0x10000));
      if (end > 0x10000) {
        this.#starts.push(Math.max(start, 0x10000));
        this.#ends.push(end);
      }
      position = end;
    }
    this.#basic = basic;
    return basic;
  }

  #hasAstral(codePoint: number): boolean {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= codePoint) low = middle + 1;
      else high = middle;
    }
    return low > 0 && codePoint < this.#ends[low - 1]!;
  }
}
