/** Embeddings on their way into a file, and out of one. */
import { checkOptions } from "../../check-arguments.ts";
import { fromFloat32 } from "../../checkpoint/from-float32.ts";
import { quote } from "../../checkpoint/quote.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { newTypedArray, type TypedArrayOf } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Embeddings, type Rows, rowsOf } from "../rows.ts";

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

export interface StoredEmbeddings {
  /** Views of one buffer; Int8Array and Uint8Array for quantized vectors. */
  readonly embeddings: Float32Array[] | Int8Array[] | Uint8Array[];
  readonly sentences: string[] | undefined;
  readonly model: string | undefined;
  readonly prompt: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface StoredTensor extends Omit<StoredEmbeddings, "embeddings"> {
  /** [vectors, dimension] */
  readonly embeddings: Tensor;
}

/** Checked, with everything that is not a vector or a sentence in one map. */
export interface Content {
  readonly rows: Rows;
  readonly dtype: StoredDType;
  readonly sentences: readonly string[] | undefined;
  readonly metadata: ReadonlyMap<string, string>;
}

/** What a file was found to hold. */
export interface Matrix {
  readonly data: TypedArrayOf<StoredDType>;
  readonly count: number;
  readonly dimension: number;
}

export interface FileContent extends Matrix {
  readonly sentences: string[] | undefined;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Names that have a meaning of their own in files. */
const reservedKeys: readonly string[] = ["sentensor", "state", "model", "prompt"];

/** @throws ArgumentError, ShapeError for what cannot be stored. */
export function checkContent(content: EmbeddingsToSave, operation: string): Content {
  checkOptions(operation, content);
  const { embeddings, sentences } = content;
  const rows = rowsOf(embeddings, operation);
  if (rows.dtype === "int32") {
    throw new ArgumentError(`${operation}: expected float, int8 or uint8 vectors, got int32`);
  }
  if (rows.count > 0 && rows.dimension === 0) {
    throw new ShapeError(`${operation}: expected vectors with at least one dimension, got none`);
  }
  if (sentences !== undefined) checkSentences(sentences, rows.count, operation);
  const dtype = rows.dtype === "float64" ? "float32" : rows.dtype;
  return { rows, dtype, sentences, metadata: checkMetadata(content, operation) };
}

function checkSentences(sentences: readonly string[], count: number, operation: string): void {
  if (sentences.length !== count) {
    throw new ShapeError(`${operation}: got ${sentences.length} sentences for ${count} vectors`);
  }
  const wrong = sentences.findIndex((sentence) => typeof sentence !== "string");
  if (wrong >= 0) {
    throw new ArgumentError(
      `${operation}: expected a string as sentence ${wrong}, got ${typeof sentences[wrong]}`,
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
      );
    }
    entries.set(key, value);
  }
  for (const key of Object.keys(metadata)) {
    if (reservedKeys.includes(key)) {
      throw new ArgumentError(`${operation}: metadata cannot have the key ${quote(key)}`);
    }
  }
  return entries;
}

/** The file's answer to the caller. */
export function toStored(content: FileContent, convertToTensor: true): StoredTensor;
export function toStored(content: FileContent, convertToTensor: false): StoredEmbeddings;
export function toStored(content: FileContent, convertToTensor: boolean): StoredEmbeddings | StoredTensor {
  const { data, count, dimension, sentences, metadata } = content;
  const { model, prompt, ...others } = Object.fromEntries(metadata);
  const about = { sentences, model, prompt, metadata: others };
  if (convertToTensor) return { ...about, embeddings: Tensor.from(data, [count, dimension]) };
  const vectors = Array.from({ length: count }, (_, i) => data.subarray(i * dimension, (i + 1) * dimension));
  return { ...about, embeddings: vectors as StoredEmbeddings["embeddings"] };
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
