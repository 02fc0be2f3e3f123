import { AssemblyError } from "./error.ts";

/** Reads what `ByteWriter` writes. Bytes that end too early or numbers that are too long are refused. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get position(): number {
    return this.#position;
  }

  get done(): boolean {
    return this.#position === this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#advance(1)]!;
  }

  bytes(count: number): Uint8Array {
    const start = this.#advance(count);
    return this.#bytes.subarray(start, start + count);
  }

  /** A reader of the next bytes, whose number comes first. */
  sized(): ByteReader {
    return new ByteReader(this.bytes(this.u32()));
  }

  vector<T>(read: (index: number) => T): T[] {
    const items: T[] = [];
    for (let index = 0, count = this.u32(); index < count; index++) items.push(read(index));
    return items;
  }

  name(): string {
    return new TextDecoder().decode(this.bytes(this.u32()));
  }

  u32(): number {
    const value = this.#leb128(5, false);
    return value >= 0n && value <= 0xffffffffn ? Number(value) : this.#refuse("an unsigned 32-bit number");
  }

  s32(): number {
    return Number(this.#signed(5, 32));
  }

  /** The form of a block's type: a type index, or a negative number for what is written inline. */
  s33(): number {
    return Number(this.#signed(5, 33));
  }

  s64(): bigint {
    return this.#signed(10, 64);
  }

  /** The bits of the next little-endian 32-bit number. */
  bits32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** The bits of the next little-endian 64-bit number. */
  bits64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  #signed(maximumBytes: number, bits: number): bigint {
    const value = this.#leb128(maximumBytes, true);
    return BigInt.asIntN(bits, value) === value ? value : this.#refuse(`a signed ${bits}-bit number`);
  }

  #leb128(maximumBytes: number, signed: boolean): bigint {
    let value = 0n;
    for (let count = 0; count < maximumBytes; count++) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << BigInt(7 * count);
      if (byte < 0x80) return signed ? BigInt.asIntN(7 * (count + 1), value) : value;
    }
    return this.#refuse(`a number of at most ${maximumBytes} bytes`);
  }

  #advance(count: number): number {
    const start = this.#position;
    if (count > this.#bytes.length - start) this.#refuse(`${count} more bytes`);
    this.#position = start + count;
    return start;
  }

  #refuse(expected: string): never {
    throw new AssemblyError(
      `expected ${expected}, found none at byte ${this.#position} of ${this.#bytes.length}`,
    );
  }
}
