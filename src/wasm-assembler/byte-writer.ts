import { AssemblyError } from "./error.ts";

/**
 * Bytes of a growing module. Integers are LEB128 (core specification 5.2.2) in their shortest form, so
 * equal modules are equal bytes. A value that does not fit its form is refused: writing it modulo 2³²
 * would make a valid module that does something else.
 */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;
  #capacity: number;

  constructor(capacity = 1024) {
    this.#capacity = capacity;
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** A copy of what was written so far. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  byte(value: number): void {
    const at = this.#length;
    if (at === this.#capacity) this.#grow(1);
    this.#bytes[at] = value;
    this.#length = at + 1;
  }

  bytes(values: Uint8Array): void {
    this.#grow(values.length);
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
  }

  /** Forgets what was written, and keeps the room. */
  clear(): void {
    this.#length = 0;
  }

  /** Appends what another writer holds, or a part of it. */
  append(other: ByteWriter, start = 0, end = other.#length): void {
    this.bytes(other.#bytes.subarray(start, end));
  }

  /** A length, then the bytes that `write` writes; they pass through `inner`. */
  sized(write: (inner: ByteWriter) => void, inner = new ByteWriter()): void {
    inner.clear();
    write(inner);
    this.u32(inner.length);
    this.append(inner);
  }

  /** A count, then each item as `write` writes it: the specification's `vec`. */
  vector<T>(items: readonly T[], write: (item: T, index: number) => void): void {
    this.u32(items.length);
    items.forEach(write);
  }

  /** A length in bytes, then UTF-8. */
  name(text: string): void {
    if (/\p{Surrogate}/u.test(text)) {
      throw new AssemblyError(`name: expected well-formed Unicode, found ${JSON.stringify(text)}`);
    }
    const utf8 = new TextEncoder().encode(text);
    this.u32(utf8.length);
    this.bytes(utf8);
  }

  /** Unsigned LEB128, 0 … 2³² − 1. */
  u32(value: number): void {
    if (value >>> 0 !== value) {
      throw new AssemblyError(`u32: expected an integer in 0 … ${0xffffffff}, found ${value}`);
    }
    let rest = value;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Signed LEB128, −2³¹ … 2³¹ − 1. */
  s32(value: number): void {
    if ((value | 0) !== value) {
      throw new AssemblyError(`s32: expected an integer in ${-(2 ** 31)} … ${2 ** 31 - 1}, found ${value}`);
    }
    let rest = value;
    // The last byte carries the sign in its bit 6: one byte holds −64 … 63.
    while (rest < -0x40 || rest > 0x3f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** Signed LEB128, −2⁶³ … 2⁶³ − 1. */
  s64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) {
      throw new AssemblyError(`s64: expected an integer in −2⁶³ … 2⁶³ − 1, found ${value}`);
    }
    let rest = value;
    while (rest < -0x40n || rest > 0x3fn) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest & 0x7fn));
  }

  /** Little-endian; every NaN becomes the canonical one, as JavaScript may keep any payload. */
  f32(value: number): void {
    this.#grow(4);
    if (Number.isNaN(value)) this.#view.setUint32(this.#length, 0x7fc00000, true);
    else this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  /** Little-endian; NaN as in `f32`. */
  f64(value: number): void {
    this.#grow(8);
    if (Number.isNaN(value)) this.#view.setBigUint64(this.#length, 0x7ff8000000000000n, true);
    else this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  #grow(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#capacity) return;
    this.#capacity = Math.max(needed, 2 * this.#capacity);
    const larger = new Uint8Array(this.#capacity);
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
