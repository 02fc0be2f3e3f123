/** The header of numpy's .npy files: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */

import { FormatError, UnsupportedError } from "../errors.ts";
import { quote } from "../files/quote.ts";

export interface NpyHeader {
  /** As numpy writes it: byte order, kind, bytes an element. "<f4" */
  readonly descr: string;
  /** Whether the first index runs fastest. */
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

export interface ParsedNpyHeader extends NpyHeader {
  /** Where the data begins. */
  readonly dataStart: number;
}

/** The magic string, two bytes of version, two or four of the header's length. */
export const NPY_PREFIX = 12;

/** numpy's own limit (max_header_size of `numpy.load`). */
const LONGEST_HEADER = 10_000;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** The data begins at a multiple of this. */
const ALIGNMENT = 64;

/** numpy leaves room for the first dimension to grow to this many digits. */
const GROWTH_DIGITS = 21;

/**
 * How long the header is, prefix included: where the data begins.
 *
 * @param prefix the first NPY_PREFIX bytes of the file, or the whole file where it is shorter
 */
export function npyDataStart(prefix: Uint8Array, file: string): number {
  if (!MAGIC.every((byte, i) => prefix[i] === byte)) {
    throw new FormatError('expected "\\x93NUMPY" at the beginning, found other bytes', {
      code: "invalid-npy",
      file,
    });
  }
  if (prefix.length < NPY_PREFIX)
    throw new FormatError("the file ends within the header", { code: "truncated-file", file });
  const [major, minor] = [prefix[6]!, prefix[7]!];
  if (major < 1 || major > 3 || minor !== 0) {
    throw new UnsupportedError(`.npy version ${major}.${minor} is not supported; known: 1.0, 2.0, 3.0`, {
      code: "unsupported-npy",
      file,
    });
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST_HEADER) {
    throw new FormatError(`the header would be ${length} bytes long; the limit is ${LONGEST_HEADER}`, {
      code: "invalid-npy",
      file,
    });
  }
  return (major === 1 ? 10 : 12) + length;
}

/** @param bytes the file up to where its data begins */
export function parseNpyHeader(bytes: Uint8Array, file: string): ParsedNpyHeader {
  const text = new TextDecoder().decode(bytes.subarray(bytes[6] === 1 ? 10 : 12));
  return { ...new HeaderParser(text, file).parse(), dataStart: bytes.length };
}

/**
 * The header that numpy 2 writes for an array in C order, byte for byte.
 *
 * @param length how long it has to be, to replace another one; undefined: as numpy makes it
 * @returns undefined where it does not fit `length`
 */
export function formatNpyHeader(
  descr: string,
  shape: readonly number[],
  length?: number,
): Uint8Array | undefined {
  const sizes = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${sizes}, }`;
  const spare = GROWTH_DIGITS - String(shape[0]).length;
  const unpadded = 10 + dictionary.length + spare + 1;
  const total = length ?? unpadded + ALIGNMENT - (unpadded % ALIGNMENT);
  if (10 + dictionary.length + 1 > total) return undefined;
  const bytes = new Uint8Array(total).fill(0x20);
  bytes.set([...MAGIC, 1, 0, (total - 10) & 0xff, (total - 10) >> 8]);
  bytes.set(new TextEncoder().encode(dictionary), 10);
  bytes[total - 1] = 0x0a;
  return bytes;
}

/** Reads the Python literal: a dictionary of exactly three entries, in any order. */
class HeaderParser {
  readonly #text: string;
  readonly #file: string;
  #position = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  parse(): NpyHeader {
    let descr: string | undefined;
    let fortranOrder: boolean | undefined;
    let shape: number[] | undefined;
    this.#expect("{");
    while (!this.#take("}")) {
      const key = this.#string();
      this.#expect(":");
      if (key === "descr" && descr === undefined) descr = this.#descr();
      else if (key === "fortran_order" && fortranOrder === undefined) fortranOrder = this.#boolean();
      else if (key === "shape" && shape === undefined) shape = this.#shape();
      else throw this.#fail("descr, fortran_order and shape, each once", quote(key));
      if (!this.#take(",")) {
        this.#expect("}");
        break;
      }
    }
    this.#blanks();
    if (this.#position < this.#text.length) throw this.#unexpected("the end of the header");
    if (descr === undefined || fortranOrder === undefined || shape === undefined) {
      throw this.#fail("descr, fortran_order and shape", "less");
    }
    return { descr, fortranOrder, shape };
  }

  #descr(): string {
    this.#blanks();
    if (this.#text[this.#position] === "[") {
      throw new UnsupportedError(`structured arrays are not supported`, {
        code: "unsupported-npy",
        file: this.#file,
      });
    }
    return this.#string();
  }

  #string(): string {
    const match = this.#match(/'([^'\\\n]*)'|"([^"\\\n]*)"/y);
    if (match === null) throw this.#unexpected("a string");
    return match[1] ?? match[2]!;
  }

  #boolean(): boolean {
    const match = this.#match(/(True|False)(?![A-Za-z0-9_])/y);
    if (match === null) throw this.#unexpected("True or False");
    return match[1] === "True";
  }

  #shape(): number[] {
    const shape: number[] = [];
    this.#expect("(");
    while (!this.#take(")")) {
      const match = this.#match(/([0-9]+)L?/y); // Python 2 wrote long integers with an L
      if (match === null) throw this.#unexpected("a whole number");
      const size = Number(match[1]);
      if (!Number.isSafeInteger(size)) throw this.#fail("dimensions below 2^53", match[1]!);
      shape.push(size);
      if (this.#take(",")) continue;
      this.#expect(")");
      if (shape.length === 1) throw this.#fail("a tuple", `(${size})`);
      break;
    }
    return shape;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw this.#unexpected(quote(character));
  }

  #take(character: string): boolean {
    this.#blanks();
    if (this.#text[this.#position] !== character) return false;
    this.#position++;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    this.#blanks();
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#position = pattern.lastIndex;
    return match;
  }

  #blanks(): void {
    while (" \t\n\r".includes(this.#text[this.#position] ?? "x")) this.#position++;
  }

  #unexpected(expected: string): FormatError {
    const found = this.#text.slice(this.#position, this.#position + 20);
    return this.#fail(expected, found === "" ? "its end" : quote(found));
  }

  #fail(expected: string, found: string): FormatError {
    return new FormatError(`the header: expected ${expected}, found ${found}`, {
      code: "invalid-npy",
      file: this.#file,
    });
  }
}
