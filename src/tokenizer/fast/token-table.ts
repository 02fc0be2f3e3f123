/** The hash of a string of UTF-16 units is built one unit at a time: `hash = nextHash(hash, unit)`. */
export const FIRST_HASH = 0x811c9dc5 | 0; // FNV-1a

export function nextHash(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

/** Where in a table of a power of two a hash begins to look. */
export function slotOf(hash: number, mask: number): number {
  return (hash ^ (hash >>> 15)) & mask;
}

/**
 * Strings to numbers, looked up by UTF-16 units in a buffer: no substring is made. Open addressing, at most
 * half full.
 */
export class TokenTable {
  readonly #mask: number;
  readonly #slots: Int32Array; // index of an entry + 1, 0 where free
  readonly #hashes: Int32Array; // [entries]
  readonly #starts: Uint32Array; // [entries + 1], in `units`
  readonly #units: Uint16Array;
  readonly #values: Int32Array; // [entries]

  /** Units of the longest string. */
  readonly longest: number;

  /** How many different strings there are. */
  readonly size: number;

  /** Of equal strings, the last counts. */
  constructor(strings: readonly string[], values: ArrayLike<number>) {
    const count = strings.length;
    let size = 16;
    while (size < count * 2) size *= 2;
    let total = 0;
    let longest = 0;
    for (const string of strings) {
      total += string.length;
      longest = Math.max(longest, string.length);
    }
    this.longest = longest;
    this.#mask = size - 1;
    this.#slots = new Int32Array(size);
    this.#hashes = new Int32Array(count);
    this.#starts = new Uint32Array(count + 1);
    this.#units = new Uint16Array(total);
    this.#values = Int32Array.from(values);

    const units = this.#units;
    let position = 0;
    let distinct = 0;
    for (let entry = 0; entry < count; entry++) {
      const string = strings[entry]!;
      let hash = FIRST_HASH;
      const start = position;
      for (let i = 0; i < string.length; i++) {
        const unit = string.charCodeAt(i);
        units[position++] = unit;
        hash = nextHash(hash, unit);
      }
      this.#hashes[entry] = hash;
      this.#starts[entry + 1] = position;
      let slot = slotOf(hash, this.#mask);
      for (let other = this.#slots[slot]!; other !== 0; other = this.#slots[slot]!) {
        if (this.#hashes[other - 1] === hash && this.#isEntry(other - 1, units, start, position)) break;
        slot = (slot + 1) & this.#mask;
      }
      if (this.#slots[slot] === 0) distinct++;
      this.#slots[slot] = entry + 1;
    }
    this.size = distinct;
  }

  /** The number of a string, -1 where there is none. */
  get(string: string): number {
    let hash = FIRST_HASH;
    for (let i = 0; i < string.length; i++) hash = nextHash(hash, string.charCodeAt(i));
    const mask = this.#mask;
    for (let slot = slotOf(hash, mask); ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] === hash && this.#isString(entry, string)) return this.#values[entry]!;
    }
  }

  /** The number of the units [start, end) of a buffer, -1 where there is none. `hash` must be theirs. */
  find(buffer: Uint16Array, start: number, end: number, hash: number): number {
    const mask = this.#mask;
    for (let slot = slotOf(hash, mask); ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] === hash && this.#isEntry(entry, buffer, start, end))
        return this.#values[entry]!;
    }
  }

  /** As `find`, for `prefix` followed by the units [start, end). `hash` must be that of both. */
  findPrefixed(prefix: Uint16Array, buffer: Uint16Array, start: number, end: number, hash: number): number {
    const mask = this.#mask;
    for (let slot = slotOf(hash, mask); ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] === hash && this.#isPrefixed(entry, prefix, buffer, start, end))
        return this.#values[entry]!;
    }
  }

  /**
   * Two bits for each hash of a prefix, at (hash ^ hash >>> 15) modulo their number, which is a power of two: whether a
   * string begins with such a prefix, and whether one ends there. `bitsPerUnit` says how much room there is: the more,
   * the seldomer two hashes meet.
   */
  prefixBits(bitsPerUnit: number): Uint32Array {
    const units = this.#units;
    const starts = this.#starts;
    const wanted = units.length * bitsPerUnit;
    let size = 1024;
    while (size < wanted && size < 2 ** 30) size *= 2;
    const mask = size / 2 - 1;
    const bits = new Uint32Array(size / 32);
    for (let entry = 0, i = 0; entry + 1 < starts.length; entry++) {
      const end = starts[entry + 1]!;
      for (let hash = FIRST_HASH; i < end; i++) {
        hash = nextHash(hash, units[i]!);
        const pair = (hash ^ (hash >>> 15)) & mask;
        bits[pair >>> 4]! |= (i + 1 === end ? 3 : 1) << ((pair & 15) * 2);
      }
    }
    return bits;
  }

  #isString(entry: number, string: string): boolean {
    const from = this.#starts[entry]!;
    if (this.#starts[entry + 1]! - from !== string.length) return false;
    for (let i = 0; i < string.length; i++) if (string.charCodeAt(i) !== this.#units[from + i]) return false;
    return true;
  }

  #isEntry(entry: number, buffer: Uint16Array, start: number, end: number): boolean {
    return this.#endsWith(entry, 0, buffer, start, end);
  }

  #isPrefixed(entry: number, prefix: Uint16Array, buffer: Uint16Array, start: number, end: number): boolean {
    const from = this.#starts[entry]!;
    for (let i = 0; i < prefix.length; i++) if (prefix[i] !== this.#units[from + i]) return false;
    return this.#endsWith(entry, prefix.length, buffer, start, end);
  }

  /** Whether what an entry has from its unit `skip` on are the units [start, end), and no more. */
  #endsWith(entry: number, skip: number, buffer: Uint16Array, start: number, end: number): boolean {
    const from = this.#starts[entry]! + skip;
    if (this.#starts[entry + 1]! - from !== end - start) return false;
    for (let i = start, k = from; i < end; i++, k++) if (buffer[i] !== this.#units[k]) return false;
    return true;
  }
}
