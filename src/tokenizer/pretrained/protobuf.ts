import { FormatError } from "../../errors.ts";

/** One field of a message: a number (varint or fixed, as bits) or bytes. */
export interface Field {
  readonly number: number;
  /** Of varints the lower 53 bits, of fixed ones the bits as an unsigned integer; 0 for bytes. */
  readonly value: number;
  /** Of strings, bytes and messages. */
  readonly bytes: Uint8Array | null;
}

/**
 * The fields of a message in protocol buffers' wire format (protobuf.dev/programming-guides/encoding).
 * @throws FormatError where the bytes break the format
 */
export function* fieldsOf(bytes: Uint8Array, file: string): Generator<Field> {
  let at = 0;
  const broken = (expected: string) =>
    new FormatError(`expected ${expected} at byte ${at} of a message`, {
      code: "invalid-sentencepiece",
      file,
    });
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at];
      if (byte === undefined) throw broken("a number");
      at++;
      if (shift < 49) value += (byte & 0x7f) * 2 ** shift; // negative numbers have 10 bytes, and no use here
      if (byte < 0x80) return value;
    }
    throw broken("a number of at most 10 bytes");
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw broken(`${length} bytes`);
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    const type = key % 8;
    if (number === 0) throw broken("a field");
    if (type === 0) {
      yield { number, value: varint(), bytes: null };
    } else if (type === 1) {
      take(8); // no 64-bit number is asked for
      yield { number, value: 0, bytes: null };
    } else if (type === 2) {
      const length = varint();
      yield { number, value: 0, bytes: take(length) };
    } else if (type === 5) {
      const four = take(4);
      yield { number, value: new DataView(four.buffer, four.byteOffset, 4).getUint32(0, true), bytes: null };
    } else {
      throw broken("a number, bytes or a message");
    }
  }
}

/** The bits of a fixed 32-bit field as a float. */
export function asFloat(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return view.getFloat32(0);
}
