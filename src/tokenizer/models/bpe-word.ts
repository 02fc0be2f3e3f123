import type { PairTable } from "../fast/pair-table.ts";

/**
 * The symbols of a word under byte pair encoding (tokenizers/src/models/bpe/word.rs). Merges wait in a heap,
 * the lowest rank first and of equal ranks the leftmost: n symbols take O(n log n).
 */
export class BpeWord {
  #ids = new Int32Array(64);
  #lengths = new Int32Array(64); // in UTF-8 bytes, 0 for symbols that another one has taken in
  #previous = new Int32Array(64);
  #next = new Int32Array(64);
  #count = 0;

  // The heap: keys order it, results say what a merge made when it was found.
  #keys = new Float64Array(64); // rank · 2^32 + position
  #results = new Int32Array(64);
  #waiting = 0;

  clear(): void {
    this.#count = 0;
    this.#waiting = 0;
  }

  /** @param length in UTF-8 bytes */
  add(id: number, length: number): void {
    const at = this.#count++;
    if (at === this.#ids.length) this.#grow();
    this.#ids[at] = id;
    this.#lengths[at] = length;
    this.#previous[at] = at - 1;
    this.#next[at] = -1;
    if (at > 0) this.#next[at - 1] = at;
  }

  mergeAll(merges: PairTable): void {
    const ids = this.#ids;
    for (let at = 0; at + 1 < this.#count; at++) this.#offer(merges, at, at + 1);
    while (this.#waiting > 0) {
      const key = this.#keys[0]!;
      const result = this.#results[0]!;
      this.#removeFirst();
      const at = key % 2 ** 32;
      if (this.#lengths[at] === 0) continue;
      const right = this.#next[at]!;
      if (right < 0) continue;
      // An entry counts as long as the pair that stands there now makes the same token.
      const rank = merges.rank(ids[at]!, ids[right]!);
      if (rank < 0 || merges.result(rank) !== result) continue;

      ids[at] = result;
      this.#lengths[at]! += this.#lengths[right]!;
      this.#lengths[right] = 0;
      const after = this.#next[right]!;
      this.#next[at] = after;
      if (after >= 0) this.#previous[after] = at;
      if (this.#previous[at]! >= 0) this.#offer(merges, this.#previous[at]!, at);
      if (after >= 0) this.#offer(merges, at, after);
    }
  }

  /** Calls back for each symbol that is left. */
  visit(each: (id: number, length: number) => void): void {
    for (let at = 0; at < this.#count; at++) {
      if (this.#lengths[at] !== 0) each(this.#ids[at]!, this.#lengths[at]!);
    }
  }

  #offer(merges: PairTable, at: number, right: number): void {
    const rank = merges.rank(this.#ids[at]!, this.#ids[right]!);
    if (rank < 0) return;
    const key = rank * 2 ** 32 + at;
    let hole = this.#waiting++;
    if (hole === this.#keys.length) this.#growHeap();
    const keys = this.#keys;
    const results = this.#results;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (keys[parent]! <= key) break;
      keys[hole] = keys[parent]!;
      results[hole] = results[parent]!;
      hole = parent;
    }
    keys[hole] = key;
    results[hole] = merges.result(rank);
  }

  #removeFirst(): void {
    const count = --this.#waiting;
    const keys = this.#keys;
    const results = this.#results;
    const key = keys[count]!;
    const result = results[count]!;
    let hole = 0;
    for (let child = 1; child < count; child = 2 * hole + 1) {
      if (child + 1 < count && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= key) break;
      keys[hole] = keys[child]!;
      results[hole] = results[child]!;
      hole = child;
    }
    keys[hole] = key;
    results[hole] = result;
  }

  #grow(): void {
    this.#ids = doubled(this.#ids);
    this.#lengths = doubled(this.#lengths);
    this.#previous = doubled(this.#previous);
    this.#next = doubled(this.#next);
  }

  #growHeap(): void {
    this.#results = doubled(this.#results);
    const keys = new Float64Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
  }
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
