import { slotOf } from "./token-table.ts";

const MAX_ENTRIES = 1 << 15;
const MAX_UNITS = 1 << 19; // 1 MiB of words
const MAX_IDS = 1 << 18; // 1 MiB of ids
/** In UTF-16 units: longer words would push out many short ones. */
export const LONGEST_WORD = 256;

/**
 * The ids of words that were cut into pieces before. Bounded: when it is full, it starts anew. Words are
 * UTF-16 units in a buffer, ids lie in one array: finding a word makes no object.
 */
export class WordCache {
  #mask = 0;
  #slots = new Int32Array(0); // index of an entry + 1, 0 where free
  #hashes = new Int32Array(0); // [entries]
  #wordEnds = new Uint32Array(0); // [entries + 1]
  #idEnds = new Uint32Array(0); // [entries + 1]
  #units = new Uint16Array(0);
  #ids = new Int32Array(0);
  #count = 0;

  /** All cached ids; those of an entry are [idsStart, idsEnd). */
  get ids(): Int32Array {
    return this.#ids;
  }

  idsStart(entry: number): number {
    return this.#idEnds[entry]!;
  }

  idsEnd(entry: number): number {
    return this.#idEnds[entry + 1]!;
  }

  /** The entry of the word in buffer[0, length), -1 where there is none. `hash` must be the word's. */
  find(buffer: Uint16Array, length: number, hash: number): number {
    if (this.#count === 0) return -1;
    const mask = this.#mask;
    search: for (let slot = slotOf(hash, mask); ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] !== hash) continue;
      const from = this.#wordEnds[entry]!;
      if (this.#wordEnds[entry + 1]! - from !== length) continue;
      for (let i = 0; i < length; i++) if (this.#units[from + i] !== buffer[i]) continue search;
      return entry;
    }
  }

  /** Remembers the ids of a word that {@link find} does not find. Very long words are not remembered. */
  add(buffer: Uint16Array, length: number, hash: number, ids: ArrayLike<number>): void {
    if (length > LONGEST_WORD) return;
    const words = this.#wordEnds[this.#count] ?? 0;
    const values = this.#idEnds[this.#count] ?? 0;
    if (this.#count === MAX_ENTRIES || words + length > MAX_UNITS || values + ids.length > MAX_IDS) {
      this.#slots.fill(0);
      this.#count = 0;
      this.add(buffer, length, hash, ids);
      return;
    }
    this.#reserve(words + length, values + ids.length);
    const entry = this.#count++;
    for (let i = 0; i < length; i++) this.#units[words + i] = buffer[i]!;
    for (let i = 0; i < ids.length; i++) this.#ids[values + i] = ids[i]!;
    this.#hashes[entry] = hash;
    this.#wordEnds[entry + 1] = words + length;
    this.#idEnds[entry + 1] = values + ids.length;
    this.#insert(entry);
  }

  #insert(entry: number): void {
    let slot = slotOf(this.#hashes[entry]!, this.#mask);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = entry + 1;
  }

  #reserve(units: number, ids: number): void {
    this.#units = grown(this.#units, units, (length) => new Uint16Array(length));
    this.#ids = grown(this.#ids, ids, (length) => new Int32Array(length));
    if (this.#count + 1 < this.#wordEnds.length) return;
    const capacity = Math.max(256, this.#hashes.length * 2);
    this.#hashes = grown(this.#hashes, capacity, (length) => new Int32Array(length));
    this.#wordEnds = grown(this.#wordEnds, capacity + 1, (length) => new Uint32Array(length));
    this.#idEnds = grown(this.#idEnds, capacity + 1, (length) => new Uint32Array(length));
    this.#mask = capacity * 2 - 1;
    this.#slots = new Int32Array(capacity * 2);
    for (let entry = 0; entry < this.#count; entry++) this.#insert(entry);
  }
}

function grown<T extends Uint16Array | Uint32Array | Int32Array>(
  array: T,
  length: number,
  make: (length: number) => T,
): T {
  if (length <= array.length) return array;
  const larger = make(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
}
