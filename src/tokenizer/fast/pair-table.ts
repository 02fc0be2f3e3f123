/** Pairs of ids to a rank and an id: the merges of BPE. Open addressing, at most half full. */
export class PairTable {
  readonly #mask: number;
  readonly #slots: Int32Array; // index of an entry + 1, 0 where free
  readonly #firsts: Int32Array;
  readonly #seconds: Int32Array;
  readonly #results: Int32Array;

  /** Entry i is the merge of rank i; of equal pairs the last counts. */
  constructor(firsts: Int32Array, seconds: Int32Array, results: Int32Array) {
    let size = 16;
    while (size < firsts.length * 2) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Int32Array(size);
    this.#firsts = firsts;
    this.#seconds = seconds;
    this.#results = results;
    for (let entry = 0; entry < firsts.length; entry++) {
      let slot = this.#slotOf(firsts[entry]!, seconds[entry]!);
      for (let other = this.#slots[slot]!; other !== 0; other = this.#slots[slot]!) {
        if (firsts[other - 1] === firsts[entry] && seconds[other - 1] === seconds[entry]) break;
        slot = (slot + 1) & this.#mask;
      }
      this.#slots[slot] = entry + 1;
    }
  }

  /** The rank of a pair, -1 where there is no such merge. */
  rank(first: number, second: number): number {
    for (let slot = this.#slotOf(first, second); ; slot = (slot + 1) & this.#mask) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0 || (this.#firsts[entry] === first && this.#seconds[entry] === second)) return entry;
    }
  }

  /** The id that the merge of a rank makes. */
  result(rank: number): number {
    return this.#results[rank]!;
  }

  #slotOf(first: number, second: number): number {
    const hash = Math.imul(Math.imul(first, 0x9e3779b1) ^ second, 0x85ebca6b);
    return (hash ^ (hash >>> 15)) & this.#mask;
  }
}
