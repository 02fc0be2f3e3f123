/** Embeddings on their way into a file, and out of one. */

import { fromFloat32 } from "../checkpoint/from-float32.ts";
import { type Embeddings, type Rows, rowsOf } from "../embeddings/rows.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import { quote } from "../files/quote.ts";
import { describe } from "../runtime/check-arguments.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import { newTypedArray, type TypedArrayOf } from "../tensor/dtype.ts";
import { Tensor, type Tensor2D } from "../tensor/tensor.ts";

/** The element types that embeddings are stored in. */
export type StoredDType = "float32" | "int8" | "uint8";

export interface EmbeddingsToSave {
  /** Float vectors are stored as float32, quantized ones as they are. */
  readonly embeddings: Embeddings;
  /** The text of each vector. */
  readonly sentences?: readonly string[] | undefined;
  /** The name of the model that made the vectors. */
  readonly model?: string | undefined;
  /** The prompt that stood before each text. */
  readonly prompt?: string | undefined;
  /** Whatever else is to be remembered. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export type StoredVectors = Float32Array[] | Int8Array[] | Uint8Array[];

/** What a new file is to remember besides the vectors. */
export type EmbeddingsMetadata = Pick<EmbeddingsToSave, "model" | "prompt" | "metadata">;

export const metadataNames: OptionNames<EmbeddingsMetadata> = { model: true, prompt: true, metadata: true };

/** Vectors for a file that exists. */
export type EmbeddingsToAppend = Pick<EmbeddingsToSave, "embeddings" | "sentences">;

export const appendedNames: OptionNames<EmbeddingsToAppend> = { embeddings: true, sentences: true };

export const contentNames: OptionNames<EmbeddingsToSave> = { ...appendedNames, ...metadataNames };

export interface StoredEmbeddings {
  /** Each in memory of its own; Int8Array and Uint8Array for quantized vectors. */
  readonly embeddings: StoredVectors;
  readonly sentences: string[] | undefined;
  readonly model: string | undefined;
  readonly prompt: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface StoredTensor extends Omit<StoredEmbeddings, "embeddings"> {
  /** [vectors, dimension] */
  readonly embeddings: Tensor2D;
}

/** Checked, with everything that is not a vector or a sentence in one map. */
export interface Content {
  readonly rows: Rows;
  readonly dtype: StoredDType;
  readonly sentences: readonly string[] | undefined;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Vectors that are still in their file. */
export interface StoredMatrix {
  readonly dtype: StoredDType;
  readonly count: number;
  readonly dimension: number;
  /** Fills `target` with the elements from `start` on, row by row. */
  read(target: TypedArrayOf<StoredDType>, start: number): Promise<void>;
}

/** What a file was found to hold. */
export interface FileContent {
  /** As the caller asked for them: a tensor, or vectors that own their memory. */
  readonly embeddings: Tensor | StoredVectors;
  readonly sentences: string[] | undefined;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Names that have a meaning of their own in files. */
const reservedKeys: readonly string[] = ["sentensor", "state", "model", "prompt"];

/** @throws ArgumentError, ShapeError for what cannot be stored. */
export function checkContent(content: EmbeddingsToSave, operation: string): Content {
  content = readOptions(operation, content, contentNames);
  const { embeddings, sentences } = content;
  const rows = rowsOf(embeddings, operation);
  if (rows.dtype === "int32") {
    throw new ArgumentError(`${operation}: expected float, int8 or uint8 vectors, got int32`, {
      code: "unsupported-dtype",
    });
  }
  if (rows.count > 0 && rows.dimension === 0) {
    throw new ShapeError(`${operation}: expected vectors with at least one dimension, got none`);
  }
  if (sentences !== undefined) checkSentences(sentences, rows.count, operation);
  const dtype = rows.dtype === "float64" ? "float32" : rows.dtype;
  return { rows, dtype, sentences: sentences && [...sentences], metadata: checkMetadata(content, operation) };
}

function checkSentences(sentences: readonly string[], count: number, operation: string): void {
  if (sentences.length !== count) {
    throw new ShapeError(
      `${operation}: expected a sentence for each of ${count} vectors, got ${sentences.length}`,
      { code: "sentence-count", subject: "sentences" },
    );
  }
  const wrong = sentences.findIndex((sentence) => typeof sentence !== "string");
  if (wrong >= 0) {
    throw new ArgumentError(
      `${operation}: expected a string as sentence ${wrong}, got ${describe(sentences[wrong])}`,
      { subject: "sentences" },
    );
  }
}

/** `model`, `prompt` and `metadata` in one map. */
export function checkMetadata(
  { model, prompt, metadata = {} }: Pick<EmbeddingsToSave, "model" | "prompt" | "metadata">,
  operation: string,
): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  for (const [key, value] of [["model", model], ["prompt", prompt], ...Object.entries(metadata)] as const) {
    if (value === undefined) continue;
    if (typeof value !== "string" || /\p{Surrogate}/u.test(key + value)) {
      throw new ArgumentError(
        `${operation}: expected Unicode text as ${quote(key)}, got ${quote(String(value))}`,
        { code: "invalid-unicode", subject: key },
      );
    }
    entries.set(key, value);
  }
  for (const key of Object.keys(metadata)) {
    if (reservedKeys.includes(key)) {
      throw new ArgumentError(`${operation}: metadata cannot have the key ${quote(key)}`, {
        code: "reserved-name",
        subject: key,
      });
    }
  }
  return entries;
}

/** The file's answer to the caller, with the embeddings as they were asked for. */
export function toStored({ embeddings, sentences, metadata }: FileContent): StoredEmbeddings | StoredTensor {
  const { model, prompt, ...others } = Object.fromEntries(metadata);
  const stored = { embeddings, sentences, model, prompt, metadata: others };
  return stored as StoredEmbeddings | StoredTensor;
}

/** Reads a tensor at once, vectors in pieces: the matrix is never there beside them. */
export async function takeMatrix(
  matrix: StoredMatrix,
  convertToTensor: boolean,
): Promise<Tensor | StoredVectors> {
  const { dtype, count, dimension } = matrix;
  if (convertToTensor) {
    const data = newTypedArray(dtype, count * dimension);
    await matrix.read(data, 0);
    return Tensor.from(data, [count, dimension]);
  }
  const vectors: TypedArrayOf<StoredDType>[] = [];
  const rowsPerPiece = Math.max(1, Math.floor(PIECE / Math.max(1, dimension)));
  const buffer = newTypedArray(dtype, Math.min(rowsPerPiece, count) * dimension);
  for (let start = 0; start < count; start += rowsPerPiece) {
    const rows = Math.min(rowsPerPiece, count - start);
    const piece = buffer.subarray(0, rows * dimension);
    await matrix.read(piece, start * dimension);
    for (let i = 0; i < rows; i++) vectors.push(piece.slice(i * dimension, (i + 1) * dimension));
  }
  return vectors as StoredVectors;
}

/** Elements of one piece: 4 MB of float32. */
const PIECE = 2 ** 20;

/** The rows as files hold them: one after the other, little-endian. */
export function* rowPieces({ rows, dtype }: Pick<Content, "rows" | "dtype">): Generator<Uint8Array> {
  const { count, dimension } = rows;
  const rowsPerPiece = Math.max(1, Math.floor(PIECE / Math.max(1, dimension)));
  for (let start = 0; start < count; start += rowsPerPiece) {
    const end = Math.min(start + rowsPerPiece, count);
    const piece = newTypedArray(dtype, (end - start) * dimension);
    for (let i = start; i < end; i++) rows.load(i, piece, (i - start) * dimension);
    yield piece instanceof Float32Array ? fromFloat32("F32", piece) : new Uint8Array(piece.buffer);
  }
}
