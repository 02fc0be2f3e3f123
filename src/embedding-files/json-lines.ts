/**
 * Embeddings in a .jsonl file: an object a line, with the fields `embedding` (an array of numbers) and, where
 * there are sentences, `sentence`. A first line without `embedding` says what the others do not: `dtype`
 * ("int8", "uint8"; "float32" where it is missing) and `metadata` (an object of strings, `model` and `prompt`
 * among them). It is only written where there is something to say.
 */

import { ArgumentError, FormatError } from "../errors.ts";
import type { RangeReader } from "../files/file-source.ts";
import { isJsonObject } from "../files/json-value.ts";
import { quote } from "../files/quote.ts";
import { newTypedArray, type TypedArrayOf } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Content, FileContent, StoredDType, StoredVectors } from "./content.ts";
import { type ByteRange, LONGEST_LINE, lastLineEnd, parseLine, rangeOf, readLines } from "./lines.ts";

/** Code units of one piece, about. */
const PIECE = 2 ** 20;

type Fields = Readonly<Record<string, unknown>>;

/** @throws ArgumentError for NaN and infinities, which JSON does not have */
export function* jsonLinesPieces(content: Content): Generator<Uint8Array> {
  const header = jsonLinesHeader(content);
  if (header !== null) yield header;
  yield* jsonRowPieces(content);
}

/** The first line; null where none is needed. */
export function jsonLinesHeader({ dtype, metadata }: Pick<Content, "dtype" | "metadata">): Uint8Array | null {
  if (dtype === "float32" && metadata.size === 0) return null;
  return new TextEncoder().encode(`${JSON.stringify({ dtype, metadata: Object.fromEntries(metadata) })}\n`);
}

/** A line for each vector. */
export function* jsonRowPieces({ rows, dtype, sentences }: Content): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  const row = newTypedArray(dtype, rows.dimension);
  let text = "";
  for (let i = 0; i < rows.count; i++) {
    rows.load(i, row, 0);
    if (!row.every(Number.isFinite)) {
      throw new ArgumentError(`vector ${i}: JSON cannot store NaN and infinities`, { code: "not-finite" });
    }
    const sentence = sentences === undefined ? "" : `"sentence":${JSON.stringify(sentences[i])},`;
    text += `{${sentence}"embedding":[${Array.from(row, formatNumber).join(",")}]}\n`;
    if (text.length < PIECE) continue;
    yield encoder.encode(text);
    text = "";
  }
  if (text !== "") yield encoder.encode(text);
}

/** Nine digits are enough to tell every f32 from its neighbours. JSON knows the zero below zero. */
function formatNumber(value: number): string {
  return Object.is(value, -0) ? "-0" : String(Number(value.toPrecision(9)));
}

/** What is needed to append to a file. */
export interface JsonLinesLayout {
  readonly dtype: StoredDType;
  readonly metadata: ReadonlyMap<string, string>;
  /** Of the first vector; 0 without any. */
  readonly dimension: number;
  readonly sentences: boolean;
  /** Complete lines with a vector. */
  readonly count: number;
  /** Where the last complete line ends. */
  readonly end: number;
  /** Whether nothing but the line end is missing there. */
  readonly lacksLineEnd: boolean;
}

/** @throws FormatError where a line is not what it should be */
export async function readJsonLines(reader: RangeReader, convertToTensor: boolean): Promise<FileContent> {
  const builder = new Builder(reader.name, { keeps: true });
  for await (const lines of readLines(rangeOf(reader), reader.name))
    for (const line of lines) builder.add(line);
  const { dtype, dimension, vectors, sentences, metadata } = builder;
  if (!convertToTensor) return { embeddings: vectors as StoredVectors, sentences, metadata };
  const data = newTypedArray(dtype, vectors.length * dimension);
  for (const [i, vector] of vectors.entries()) data.set(vector, i * dimension);
  return { embeddings: Tensor.from(data, [vectors.length, dimension]), sentences, metadata };
}

/**
 * Reads all lines, so that none is taken for a vector that is none. A last line that was cut off is not counted.
 *
 * @throws FormatError where a line is not what it should be, or the last one is not the beginning of one
 */
export async function readJsonLinesLayout(reader: RangeReader): Promise<JsonLinesLayout> {
  const file = reader.name;
  const bytes = rangeOf(reader);
  const complete = await lastLineEnd(bytes);
  const lacksLineEnd = await endsWithCompleteLine(bytes, complete, file);
  const end = lacksLineEnd ? reader.size : complete;
  const builder = new Builder(file, { keeps: false });
  for await (const lines of readLines({ ...bytes, length: end }, file))
    for (const line of lines) builder.add(line);
  const { dtype, metadata, dimension, count, hasSentences: sentences } = builder;
  return { dtype, metadata, dimension, sentences, count, end, lacksLineEnd };
}

/** The sentences of the first `count` vectors of a file that `readJsonLinesLayout` has read. */
export async function* readJsonLinesSentences(
  reader: RangeReader,
  count: number,
): AsyncGenerator<string, void, undefined> {
  let left = count;
  let number = 0;
  for await (const lines of readLines(rangeOf(reader), reader.name)) {
    for (const line of lines) {
      if (left === 0) return;
      // The rest of the line, its numbers, need not be parsed where the sentence comes first, as we write it.
      const start = /^\{"sentence":("[^"\\]*(?:\\.[^"\\]*)*")/.exec(line)?.[1];
      const value = parseLine(start ?? line, ++number, reader.name) as
        | string
        | { readonly sentence?: string };
      const sentence = typeof value === "string" ? value : value.sentence;
      if (sentence === undefined) continue; // the header
      left--;
      yield sentence;
    }
  }
}

/** How the lines begin that this package writes. */
const beginnings = ['{"embedding":[', '{"sentence":"', '{"dtype":"'];

/** Whether the bytes after the last line end are a whole line. @throws FormatError where they are not even a part of one */
async function endsWithCompleteLine(bytes: ByteRange, start: number, file: string): Promise<boolean> {
  if (start === bytes.length) return false;
  if (bytes.length - start > LONGEST_LINE) {
    throw new FormatError(`the last line is longer than ${LONGEST_LINE} bytes`, {
      code: "line-too-long",
      file,
    });
  }
  const text = new TextDecoder().decode(await bytes.read(start, bytes.length));
  try {
    JSON.parse(text);
    return true;
  } catch {
    if (beginnings.some((beginning) => text.startsWith(beginning.slice(0, text.length)))) return false;
    throw new FormatError("the last line is neither JSON nor the beginning of a line of embeddings", {
      code: "invalid-json",
      file,
    });
  }
}

/** Takes a file line by line. */
class Builder {
  readonly #file: string;
  readonly #keeps: boolean;
  readonly #sentences: string[] = [];
  #line = 0;
  /** Vectors so far. */
  count = 0;
  hasSentences = false;
  dtype: StoredDType = "float32";
  metadata: ReadonlyMap<string, string> = new Map();
  readonly vectors: TypedArrayOf<StoredDType>[] = [];
  /** 0 without vectors. */
  dimension = 0;

  /** Where it does not keep vectors and sentences, it only checks and counts them. */
  constructor(file: string, { keeps }: { readonly keeps: boolean }) {
    this.#file = file;
    this.#keeps = keeps;
  }

  get sentences(): string[] | undefined {
    return this.hasSentences ? this.#sentences : undefined;
  }

  add(line: string): void {
    this.#line++;
    const fields = parseLine(line, this.#line, this.#file);
    if (!isJsonObject(fields)) throw this.#fail("expected an object");
    if (this.#line === 1 && !("embedding" in fields)) this.#addHeader(fields);
    else this.#addRow(fields);
  }

  #addHeader(fields: Fields): void {
    this.#checkNames(fields, ["dtype", "metadata"]);
    const { dtype = "float32", metadata = {} } = fields;
    if (dtype !== "float32" && dtype !== "int8" && dtype !== "uint8") {
      throw this.#fail(`dtype: expected "float32", "int8" or "uint8", found ${quote(JSON.stringify(dtype))}`);
    }
    if (!isJsonObject(metadata)) throw this.#fail("metadata: expected an object");
    const entries = Object.entries(metadata);
    for (const [key, value] of entries) {
      if (typeof value !== "string") throw this.#fail(`metadata ${quote(key)}: expected a string`);
    }
    this.dtype = dtype;
    this.metadata = new Map(entries as [string, string][]);
  }

  #addRow(fields: Fields): void {
    this.#checkNames(fields, ["embedding", "sentence"]);
    const { embedding, sentence } = fields;
    if (!Array.isArray(embedding) || embedding.length === 0) {
      throw this.#fail("embedding: expected an array of numbers");
    }
    if (this.count === 0) {
      this.dimension = embedding.length;
      this.hasSentences = sentence !== undefined;
    }
    if (embedding.length !== this.dimension) {
      throw this.#fail(`embedding: expected ${this.dimension} dimensions, found ${embedding.length}`);
    }
    if (this.hasSentences ? typeof sentence !== "string" : sentence !== undefined) {
      throw this.#fail(
        this.hasSentences ? "sentence: expected a string" : "sentence: the lines before have none",
      );
    }
    this.#checkNumbers(embedding);
    this.count++;
    if (!this.#keeps) return;
    if (this.hasSentences) this.#sentences.push(sentence as string);
    const vector = newTypedArray(this.dtype, this.dimension);
    vector.set(embedding as number[]);
    this.vectors.push(vector);
  }

  #checkNames(fields: Fields, known: readonly string[]): void {
    const unknown = Object.keys(fields).find((name) => !known.includes(name));
    if (unknown === undefined) return;
    throw this.#fail(`expected the fields ${known.join(" and ")}, found ${quote(unknown)}`);
  }

  #checkNumbers(embedding: readonly unknown[]): void {
    const [lowest, highest] = this.dtype === "int8" ? [-128, 127] : [0, 255];
    for (const value of embedding) {
      if (typeof value !== "number") throw this.#fail("embedding: expected an array of numbers");
      const fits =
        this.dtype === "float32"
          ? Number.isFinite(Math.fround(value))
          : Number.isInteger(value) && value >= lowest && value <= highest;
      if (!fits) throw this.#fail(`embedding: ${value} is not a number of type ${this.dtype}`);
    }
  }

  #fail(message: string): FormatError {
    return new FormatError(`line ${this.#line}: ${message}`, { code: "invalid-line", file: this.#file });
  }
}
