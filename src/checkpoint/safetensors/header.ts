import { FormatError, UnsupportedError } from "../../errors.ts";
import { JsonCursor } from "../../files/json-cursor.ts";
import { quote } from "../../files/quote.ts";
import { decodeUtf8 } from "../../files/utf8.ts";
import type { TensorInfo } from "../checkpoint.ts";
import { type CheckpointDType, isCheckpointDType, storedByteLength } from "../dtype.ts";

export interface SafetensorsHeader {
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface HeaderPlace {
  /** What messages call the file. */
  readonly file: string;
  /** Where the data begins in the file: 8 + the header's length. */
  readonly dataStart: number;
  /** How many bytes of data the file has. */
  readonly dataLength: number;
}

/** Types of newer versions of the format, and of none of the models that we run. */
const refusedDTypes: ReadonlySet<string> = new Set([
  "F4",
  "F6_E2M3",
  "F6_E3M2",
  "F8_E8M0",
  "F8_E4M3FNUZ",
  "F8_E5M2FNUZ",
  "C64",
]);

/**
 * Reads and checks the header of a safetensors file: https://github.com/huggingface/safetensors#format.
 *
 * Where that text and the reader in Rust (0.8) disagree, or the text is silent:
 * - the header begins with `{` (text); the Rust reader lets blanks precede it;
 * - any JSON blanks may follow it (Rust); the text only names spaces;
 * - duplicate keys are refused (text); of duplicate tensors and metadata the Rust reader keeps the last;
 * - `__metadata__` is an object (text); the Rust reader takes null as well;
 * - an entry has exactly its three fields; the Rust reader ignores others, which might change what the
 *   bytes mean, and takes an array in place of the object;
 * - numbers are written as plain digits (both), and end at 2^53 here.
 *
 * @throws FormatError where a rule is broken. @throws UnsupportedError for element types that we do not read.
 */
export function parseHeader(bytes: Uint8Array, place: HeaderPlace): SafetensorsHeader {
  if (bytes[0] !== 0x7b) {
    throw new FormatError(`the header must begin with "{", found byte ${bytes[0]}`, {
      code: "invalid-safetensors",
      file: place.file,
    });
  }
  const cursor = new JsonCursor(decodeUtf8(bytes, "the header", place.file), place.file);
  const tensors: TensorInfo[] = [];
  const metadata = new Map<string, string>();
  cursor.readObject((name) => {
    if (name === "__metadata__") {
      cursor.readObject((key) => metadata.set(key, cursor.readString()));
    } else {
      tensors.push(readEntry(cursor, name, place));
    }
  });
  cursor.end();

  // Empty tensors share their offset with the next one, so the ends decide as well.
  tensors.sort((a, b) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  checkCoverage(tensors, place);
  return { tensors: new Map(tensors.map((info) => [info.name, info])), metadata };
}

function readEntry(cursor: JsonCursor, name: string, { file, dataStart }: HeaderPlace): TensorInfo {
  const fail = (message: string): FormatError =>
    new FormatError(`tensor ${quote(name)}: ${message}`, {
      code: "invalid-safetensors",
      subject: name,
      file,
    });
  if (/\p{Surrogate}/u.test(name)) throw fail("the name is not valid Unicode");
  let dtype: string | undefined;
  let shape: readonly number[] | undefined;
  let offsets: readonly number[] | undefined;
  if (cursor.peek() !== "object") throw fail(`expected an object, found ${cursor.peek()}`);
  cursor.readObject((field) => {
    if (field === "dtype") {
      if (cursor.peek() !== "string") throw fail(`dtype: expected a string, found ${cursor.peek()}`);
      dtype = cursor.readString();
    } else if (field === "shape") shape = readIntegers(cursor, field, fail);
    else if (field === "data_offsets") offsets = readIntegers(cursor, field, fail);
    else throw fail(`expected dtype, shape and data_offsets, found ${quote(field)}`);
  });
  if (dtype === undefined) throw fail("dtype is missing");
  if (shape === undefined) throw fail("shape is missing");
  if (offsets === undefined) throw fail("data_offsets is missing");
  if (!isCheckpointDType(dtype)) throw unknownDType(dtype, name, file);
  const [start, end] = offsets;
  if (start === undefined || end === undefined || offsets.length !== 2) {
    throw fail(`data_offsets: expected 2 numbers, found ${offsets.length}`);
  }
  if (end < start) throw fail(`data_offsets: the end, ${end}, lies before the start, ${start}`);
  checkByteLength(dtype, shape, end - start, fail);
  return { name, dtype, shape, file, byteOffset: dataStart + start, byteLength: end - start };
}

function readIntegers(
  cursor: JsonCursor,
  field: string,
  fail: (message: string) => Error,
): readonly number[] {
  if (cursor.peek() !== "array") throw fail(`${field}: expected an array, found ${cursor.peek()}`);
  const numbers: number[] = [];
  cursor.readArray(() => {
    if (cursor.peek() !== "number") throw fail(`${field}: expected a number, found ${cursor.peek()}`);
    const token = cursor.readNumber();
    const value = Number(token);
    if (!/^[0-9]+$/.test(token))
      throw fail(`${field}: expected a whole number from 0 on, found ${quote(token)}`);
    if (!Number.isSafeInteger(value)) throw fail(`${field}: expected less than 2^53, found ${quote(token)}`);
    numbers.push(value);
  });
  return numbers;
}

function unknownDType(dtype: string, subject: string, file: string): Error {
  const what = `tensor ${quote(subject)}: dtype ${quote(dtype)}`;
  return refusedDTypes.has(dtype)
    ? new UnsupportedError(`${what} is not supported`, { code: "unsupported-dtype", subject, file })
    : new FormatError(`${what} is unknown`, { code: "invalid-safetensors", subject, file });
}

function checkByteLength(
  dtype: CheckpointDType,
  shape: readonly number[],
  found: number,
  fail: (message: string) => Error,
): void {
  const expected = storedByteLength(dtype, shape);
  if (expected === undefined) throw fail(`shape ${show(shape)} of ${dtype} needs more than 2^53 bytes`);
  if (expected !== found) {
    throw fail(`shape ${show(shape)} of ${dtype} needs ${expected} bytes, data_offsets hold ${found}`);
  }
}

/** Without holes and overlaps, from the first byte of the data to the last: no file can hide in another. */
function checkCoverage(sorted: readonly TensorInfo[], { file, dataStart, dataLength }: HeaderPlace): void {
  let covered = 0;
  for (const { name, byteOffset, byteLength } of sorted) {
    const start = byteOffset - dataStart;
    if (start !== covered) {
      throw new FormatError(
        `tensor ${quote(name)}: data_offsets begin at ${start}, the tensor before ends at ${covered}`,
        { code: "invalid-safetensors", subject: name, file },
      );
    }
    covered += byteLength;
  }
  if (covered !== dataLength) {
    throw new FormatError(`the tensors take ${covered} bytes, the file has ${dataLength} bytes of data`, {
      code: "truncated-file",
      file,
    });
  }
}

function show(shape: readonly number[]): string {
  return shape.length > 16 ? `[${shape.slice(0, 16).join(", ")}, …]` : `[${shape.join(", ")}]`;
}
