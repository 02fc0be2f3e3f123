/** What becomes of a batch that has gone through the model: one collector for each form of output. */
import { ArgumentError } from "../errors.ts";
import type { Features } from "../modules/features.ts";
import type { ReadPiece } from "../tensor/backend.ts";
import { Tensor, type Tensor2D } from "../tensor/tensor.ts";
import type { TextBatch } from "./batches.ts";
import type { TextFeatures } from "./text-features.ts";

export interface Collector<T> {
  /**
   * Copies what is wanted out of the backend's memory. All of it is asked for before the call returns: the features
   * are given back then, and the promise is for the results.
   */
  add(batch: TextBatch, features: Features): Promise<void>;
  /** One result a text, in the order of the texts. */
  finish(): T;
}

export interface VectorSettings {
  readonly truncateDim: number | null;
  readonly normalize: boolean;
}

/** Sentence embeddings of all texts in one buffer, row by row. */
export interface EmbeddingMatrix {
  readonly data: Float32Array;
  readonly dimension: number;
  /** 1 for each text that was longer than `maxSeqLength`, else 0. */
  readonly truncated: Uint8Array;
}

/** Sentence embeddings that own their memory: what is done to the buffer of one does not touch the others. */
export interface EmbeddingVectors {
  readonly vectors: Float32Array[];
  /** 1 for each text that was longer than `maxSeqLength`, else 0. */
  readonly truncated: Uint8Array;
}

export class MatrixCollector implements Collector<EmbeddingMatrix> {
  readonly #count: number;
  readonly #settings: VectorSettings;
  readonly #truncated: Uint8Array;
  #data = new Float32Array(0);
  #dimension: number;

  /** `dimension`: that of the model, for an empty result; otherwise the vectors tell. */
  constructor(count: number, dimension: number, settings: VectorSettings) {
    this.#count = count;
    this.#dimension = Math.min(dimension, settings.truncateDim ?? dimension);
    this.#settings = settings;
    this.#truncated = new Uint8Array(count);
  }

  async add(batch: TextBatch, features: Features): Promise<void> {
    await readSentenceEmbeddings(features, this.#settings, (i, dimension) => {
      if (this.#data.length === 0) {
        this.#dimension = dimension;
        this.#data = new Float32Array(this.#count * dimension);
      }
      const start = batch.indices[i]! * dimension;
      return this.#data.subarray(start, start + dimension);
    });
    markTruncated(this.#truncated, batch);
  }

  finish(): EmbeddingMatrix {
    return { data: this.#data, dimension: this.#dimension, truncated: this.#truncated };
  }
}

export class VectorCollector implements Collector<EmbeddingVectors> {
  readonly #settings: VectorSettings;
  readonly #vectors: Float32Array[];
  readonly #truncated: Uint8Array;

  constructor(count: number, settings: VectorSettings) {
    this.#settings = settings;
    this.#vectors = new Array<Float32Array>(count);
    this.#truncated = new Uint8Array(count);
  }

  async add(batch: TextBatch, features: Features): Promise<void> {
    const rows = await readSentenceEmbeddings(features, this.#settings, ownMemory);
    for (const [i, row] of rows.entries()) this.#vectors[batch.indices[i]!] = row;
    markTruncated(this.#truncated, batch);
  }

  finish(): EmbeddingVectors {
    return { vectors: this.#vectors, truncated: this.#truncated };
  }
}

function markTruncated(flags: Uint8Array, { indices, texts }: TextBatch): void {
  for (const [i, { truncated }] of texts.entries()) if (truncated) flags[indices[i]!] = 1;
}

/** One tensor [tokens, hidden] a text. */
export class TokenCollector implements Collector<Tensor2D[]> {
  readonly #results: Tensor2D[];

  constructor(count: number) {
    this.#results = new Array<Tensor2D>(count);
  }

  async add({ indices }: TextBatch, features: Features): Promise<void> {
    const tensors = await readTokenEmbeddings(features);
    for (const [i, tensor] of tensors.entries()) this.#results[indices[i]!] = tensor;
  }

  finish(): Tensor2D[] {
    return this.#results;
  }
}

/** Everything, a text. */
export class FeatureCollector implements Collector<TextFeatures[]> {
  readonly #results: TextFeatures[];
  readonly #truncateDim: number | null;

  constructor(count: number, truncateDim: number | null) {
    this.#results = new Array<TextFeatures>(count);
    this.#truncateDim = truncateDim;
  }

  async add({ indices, texts }: TextBatch, features: Features): Promise<void> {
    const { promptLength } = features;
    const [sentences, tokens] = await Promise.all([
      readSentenceEmbeddings(features, { truncateDim: this.#truncateDim, normalize: false }, ownMemory),
      features.has("token_embeddings") ? readTokenEmbeddings(features) : null,
    ]);
    for (const [i, { inputIds, tokenTypeIds, truncated }] of texts.entries()) {
      this.#results[indices[i]!] = {
        inputIds,
        ...(tokenTypeIds === undefined
          ? {}
          : { tokenTypeIds: tokenTypeIds ?? new Int32Array(inputIds.length) }),
        attentionMask: new Int32Array(inputIds.length).fill(1),
        tokenEmbeddings: tokens && tokens[i]!,
        sentenceEmbedding: sentences[i]!,
        promptLength,
        truncated,
      };
    }
  }

  finish(): TextFeatures[] {
    return this.#results;
  }
}

function ownMemory(_index: number, dimension: number): Float32Array {
  return new Float32Array(dimension);
}

/**
 * Copies each embedding once, to where it is wanted.
 *
 * @param place where embedding `index` of the batch is copied to: an array of as many elements as are kept
 */
async function readSentenceEmbeddings(
  features: Features,
  { truncateDim, normalize }: VectorSettings,
  place: (index: number, dimension: number) => Float32Array,
): Promise<readonly Float32Array[]> {
  const tensor = features.get("sentence_embedding");
  const [count, dimension] = tensor.shape as [number, number];
  const kept = Math.min(dimension, truncateDim ?? dimension);
  const pieces = Array.from({ length: count }, (_, i) => ({ start: i * dimension, into: place(i, kept) }));
  await readPieces(tensor, pieces);
  const rows = pieces.map(({ into }) => into);
  if (normalize) for (const row of rows) normalizeInPlace(row);
  return rows;
}

/**
 * Copies pieces of a float32 tensor to where the caller wants them, wherever it lies. What is asked for is settled when
 * the call returns: the tensor may be disposed of then.
 */
async function readPieces(tensor: Tensor, pieces: readonly ReadPiece[]): Promise<void> {
  const { backend } = tensor;
  if (backend !== null) {
    await backend.read(tensor.storage, pieces);
    return;
  }
  const { data } = tensor;
  for (const { start, into } of pieces) into.set(data.subarray(start, start + into.length));
}

async function readTokenEmbeddings(features: Features): Promise<Tensor2D[]> {
  if (!features.has("token_embeddings")) {
    throw new ArgumentError(
      `encode: this model makes no token embeddings, only ${features.names().join(", ")}`,
    );
  }
  const tensor = features.get("token_embeddings");
  const width = tensor.shape[1]!;
  const { offsets } = features.tokens;
  const pieces = Array.from({ length: offsets.length - 1 }, (_, i) => ({
    start: offsets[i]! * width,
    into: new Float32Array((offsets[i + 1]! - offsets[i]!) * width),
  }));
  await readPieces(tensor, pieces);
  return pieces.map(({ into }) => Tensor.from(into, [into.length / width, width]));
}

/** x / max(‖x‖₂, 1e-12), as torch.nn.functional.normalize; the sum in f64. */
function normalizeInPlace(vector: Float32Array): void {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const length = Math.max(Math.sqrt(sum), 1e-12);
  for (let i = 0; i < vector.length; i++) vector[i]! /= length;
}
