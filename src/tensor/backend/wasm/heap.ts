import { UnsupportedError } from "../../../errors.ts";

const PAGE_BYTES = 65536;

/** All that 32 bits can address, but for the last page: the address behind a block must not be 0 again. */
export const MOST_PAGES = 65535;

/** What the memory grows by, at least. */
const GROWTH_PAGES = 16;

/** A cache line. */
const ALIGNMENT = 64;

/** Kernels read whole vectors, so up to this many bytes behind the end of a block. */
const SLACK = 64;

interface Range {
  start: number;
  end: number;
}

/**
 * Blocks of a WebAssembly memory: first fit, neighbours joined when they are given back. The memory grows by
 * `memory.grow`, which hands each caller pages of its own; so several heaps, one a thread, can live in one shared
 * memory without knowing of each other.
 */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly #mostPages: number;
  /** Free ranges in the order of their addresses; no two of them touch. */
  readonly #free: Range[] = [];
  /** Bytes of each block in use, by address. */
  readonly #used = new Map<number, number>();
  /** Where the pages that were grown last end. */
  #end = -1;

  /** `mostPages`: the memory's maximum. What the memory has already belongs to others. */
  constructor(memory: WebAssembly.Memory, mostPages: number) {
    this.memory = memory;
    this.#mostPages = mostPages;
  }

  get bytesInUse(): number {
    let sum = 0;
    for (const bytes of this.#used.values()) sum += bytes;
    return sum;
  }

  /** The address, a multiple of 64 and not 0, of `bytes` bytes. @throws UnsupportedError where there is no room. */
  allocate(bytes: number): number {
    const size = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    let index = this.#free.findIndex(({ start, end }) => end - start >= size);
    if (index === -1) index = this.#grow(size);
    const range = this.#free[index]!;
    const address = range.start;
    range.start += size;
    if (range.start === range.end) this.#free.splice(index, 1);
    this.#used.set(address, size);
    return address;
  }

  free(address: number): void {
    const size = this.#used.get(address);
    if (size === undefined) throw new RangeError(`wasm: no block in use begins at ${address}`);
    this.#used.delete(address);
    this.#release(address, address + size);
  }

  /** The index of a free range of at least `size` bytes. */
  #grow(size: number): number {
    const needed = Math.ceil((size + SLACK) / PAGE_BYTES);
    const pages = this.#tryGrow(Math.max(needed, GROWTH_PAGES)) ?? this.#tryGrow(needed);
    if (pages === null) throw this.#noRoom(size);
    const { start, end } = pages;
    const first = start === this.#end ? start - SLACK : start;
    this.#end = end;
    return this.#release(first, end - SLACK);
  }

  #tryGrow(pages: number): Range | null {
    try {
      const start = this.memory.grow(pages) * PAGE_BYTES;
      return { start, end: start + pages * PAGE_BYTES };
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
  }

  #noRoom(size: number): UnsupportedError {
    const total = this.memory.buffer.byteLength;
    const most = this.#mostPages * PAGE_BYTES;
    const reason =
      total + size > most
        ? `WebAssembly's memory here ends at ${megabytes(most)}`
        : "the system gave no more memory";
    return new UnsupportedError(
      `wasm: ${megabytes(size)} do not fit beside the ${megabytes(this.bytesInUse)} in use: ${reason}; ` +
        `the backend "js" has no such limit`,
      { code: "out-of-memory" },
    );
  }

  /** Adds a free range, joined with its neighbours; its index. */
  #release(start: number, end: number): number {
    const free = this.#free;
    let index = free.findIndex((range) => range.start > start);
    if (index === -1) index = free.length;
    const before = free[index - 1];
    const after = free[index];
    if (before?.end === start) {
      before.end = end;
      if (after?.start === end) {
        before.end = after.end;
        free.splice(index, 1);
      }
      return index - 1;
    }
    if (after?.start === end) after.start = start;
    else free.splice(index, 0, { start, end });
    return index;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toLocaleString("en-US", { maximumFractionDigits: 1 })} MB`;
}
