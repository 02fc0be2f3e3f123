import type { RangeReader } from "../../files/file-source.ts";
import { checkReadRange } from "../../files/read-range.ts";

/** Read-ahead starts with this, enough for most headers, and doubles while reads go on in order. */
export const SMALLEST_READ = 2 ** 18;
const LARGEST_READ_AHEAD = 2 ** 23;

/** Fetches the bytes of a file from `start` on, as many as `target` takes. */
type Fill = (target: Uint8Array, start: number) => Promise<void>;

/** Reads a file by ranges, a little ahead. */
export class HttpReader implements RangeReader {
  readonly name: string;
  readonly size: number;
  readonly #fill: Fill;
  #block: { readonly start: number; readonly bytes: Uint8Array };
  #readAhead = SMALLEST_READ;

  /** @param first the file's first bytes */
  constructor(name: string, size: number, first: Uint8Array, fill: Fill) {
    this.name = name;
    this.size = size;
    this.#fill = fill;
    this.#block = { start: 0, bytes: first };
  }

  async readInto(target: Uint8Array, position: number): Promise<void> {
    checkReadRange(this, target.length, position);
    const filled = this.#fromBlock(target, position);
    if (filled === target.length) return;
    const rest = target.subarray(filled);
    const start = position + filled;

    const inOrder = start === this.#block.start + this.#block.bytes.length;
    this.#readAhead = inOrder ? Math.min(2 * this.#readAhead, LARGEST_READ_AHEAD) : SMALLEST_READ;
    if (rest.length >= this.#readAhead) {
      await this.#fill(rest, start);
      this.#block = { start: start + rest.length, bytes: new Uint8Array(0) };
      return;
    }
    const bytes = new Uint8Array(Math.min(this.#readAhead, this.size - start));
    await this.#fill(bytes, start);
    rest.set(bytes.subarray(0, rest.length));
    this.#block = { start, bytes };
  }

  async close(): Promise<void> {
    this.#block = { start: 0, bytes: new Uint8Array(0) };
  }

  /** How many of the first bytes of `target` were already here. */
  #fromBlock(target: Uint8Array, position: number): number {
    const { start, bytes } = this.#block;
    if (position < start || position >= start + bytes.length) return 0;
    const here = bytes.subarray(position - start, position - start + target.length);
    target.set(here);
    return here.length;
  }
}
