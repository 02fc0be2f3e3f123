/**
 * Pairs of symbols to what becomes of them: open addressing, at most half full. Symbols are numbered from 0
 * without gaps.
 */
export class MergeTable {
  readonly #mask: number;
  readonly #slots: Int32Array; // index of an entry + 1, 0 where free
  readonly #left: Int32Array; // [entries]
  readonly #right: Int32Array; // [entries]
  readonly #merged: Int32Array; // [entries]
  #count = 0;

  /** @param capacity how many pairs there will be at most */
  constructor(capacity: number) {
    let size = 16;
    while (size < capacity * 2) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Int32Array(size);
    this.#left = new Int32Array(capacity);
    this.#right = new Int32Array(capacity);
    this.#merged = new Int32Array(capacity);
  }

  /** Entries are numbered in the order in which they are added: that is their rank. Of equal pairs the last counts. */
  add(left: number, right: number, merged: number): void {
    const entry = this.#count++;
    this.#left[entry] = left;
    this.#right[entry] = right;
    this.#merged[entry] = merged;
    this.#slots[this.#slot(left, right)] = entry + 1;
  }

  /** The rank of a pair, -1 where the two do not merge. */
  rank(left: number, right: number): number {
    return this.#slots[this.#slot(left, right)]! - 1;
  }

  /** The symbol that the pair of a rank becomes. */
  merged(rank: number): number {
    return this.#merged[rank]!;
  }

  #slot(left: number, right: number): number {
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let slot = (hash ^ (hash >>> 13)) & this.#mask;
    for (;;) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0 || (this.#left[entry] === left && this.#right[entry] === right)) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }
}
