/** Results of `encode` on their way from one thread to another, and put together from chunks. */
import type { EmbeddingMatrix, EmbeddingVectors } from "../encode/collectors.ts";
import type { OutputName, Outputs } from "../encode/job.ts";
import type { TextFeatures } from "../encode/text-features.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor, type Tensor2D } from "../tensor/tensor.ts";

interface PackedTensor {
  readonly data: Float32Array;
  readonly shape: Shape;
}

interface PackedFeatures extends Omit<TextFeatures, "tokenEmbeddings"> {
  readonly tokenEmbeddings: PackedTensor | null;
}

interface PackedOutputs {
  readonly sentence_embedding: EmbeddingMatrix;
  readonly token_embeddings: readonly PackedTensor[];
  readonly all: readonly PackedFeatures[];
}

export interface PackedOutput {
  /** Can be cloned. */
  readonly result: unknown;
  /** Memory that need not be copied. */
  readonly transfer: readonly ArrayBuffer[];
}

/** What a worker is asked for: vectors travel as one matrix, whose memory need not be copied. */
export type WireOutputName = keyof PackedOutputs;

export function wireOutput(name: OutputName): WireOutputName {
  return name === "sentence_vectors" ? "sentence_embedding" : name;
}

type Packers = { readonly [K in WireOutputName]: (output: Outputs[K]) => PackedOutputs[K] };

const packers: Packers = {
  sentence_embedding: (matrix) => matrix,
  token_embeddings: (tensors) => tensors.map(packTensor),
  all: (features) =>
    features.map(({ tokenEmbeddings, ...others }) => ({
      ...others,
      tokenEmbeddings: tokenEmbeddings && packTensor(tokenEmbeddings),
    })),
};

export function packOutput<K extends WireOutputName>(name: K, output: Outputs[K]): PackedOutput {
  const result: PackedOutputs[K] = packers[name](output);
  const buffers = new Set<ArrayBuffer>();
  if ("data" in result) {
    buffers.add(result.data.buffer as ArrayBuffer).add(result.truncated.buffer as ArrayBuffer);
  }
  return { result, transfer: [...buffers] };
}

/** Takes the results of chunks, in any order. */
export interface Merger<T> {
  /** @param start where the chunk's first text stands. @returns how many of its texts were truncated */
  add(start: number, packed: unknown): number;
  finish(): T;
}

type Mergers = { readonly [K in OutputName]: (count: number) => Merger<Outputs[K]> };

const mergers: Mergers = {
  sentence_embedding: (count) => new MatrixMerger(count),
  sentence_vectors: (count) => new VectorMerger(count),
  token_embeddings: (count) =>
    new ListMerger(
      count,
      (packed) => (packed as PackedOutputs["token_embeddings"]).map(unpackTensor),
      () => false,
    ),
  all: (count) =>
    new ListMerger(
      count,
      (packed) => (packed as PackedOutputs["all"]).map(unpackFeatures),
      ({ truncated }) => truncated,
    ),
};

export function createMerger<K extends OutputName>(name: K, count: number): Merger<Outputs[K]> {
  return mergers[name](count);
}

class MatrixMerger implements Merger<EmbeddingMatrix> {
  readonly #count: number;
  readonly #truncated: Uint8Array;
  #data = new Float32Array(0);
  #dimension = 0;

  constructor(count: number) {
    this.#count = count;
    this.#truncated = new Uint8Array(count);
  }

  add(start: number, packed: unknown): number {
    const { data, dimension, truncated } = packed as EmbeddingMatrix;
    if (this.#data.length === 0) {
      this.#dimension = dimension;
      this.#data = new Float32Array(this.#count * dimension);
    }
    this.#data.set(data, start * dimension);
    this.#truncated.set(truncated, start);
    return countOf(truncated);
  }

  finish(): EmbeddingMatrix {
    return { data: this.#data, dimension: this.#dimension, truncated: this.#truncated };
  }
}

class VectorMerger implements Merger<EmbeddingVectors> {
  readonly #vectors: Float32Array[];
  readonly #truncated: Uint8Array;

  constructor(count: number) {
    this.#vectors = new Array<Float32Array>(count);
    this.#truncated = new Uint8Array(count);
  }

  add(start: number, packed: unknown): number {
    const { data, dimension, truncated } = packed as EmbeddingMatrix;
    for (let i = 0; i < truncated.length; i++) {
      this.#vectors[start + i] = data.slice(i * dimension, (i + 1) * dimension);
    }
    this.#truncated.set(truncated, start);
    return countOf(truncated);
  }

  finish(): EmbeddingVectors {
    return { vectors: this.#vectors, truncated: this.#truncated };
  }
}

/** How many flags are set. */
function countOf(flags: Uint8Array): number {
  return flags.reduce((sum, flag) => sum + flag, 0);
}

class ListMerger<T> implements Merger<T[]> {
  readonly #results: T[];
  readonly #unpack: (packed: unknown) => T[];
  readonly #isTruncated: (result: T) => boolean;

  constructor(count: number, unpack: (packed: unknown) => T[], isTruncated: (result: T) => boolean) {
    this.#results = new Array<T>(count);
    this.#unpack = unpack;
    this.#isTruncated = isTruncated;
  }

  add(start: number, packed: unknown): number {
    const results = this.#unpack(packed);
    for (const [i, result] of results.entries()) this.#results[start + i] = result;
    return results.filter(this.#isTruncated).length;
  }

  finish(): T[] {
    return this.#results;
  }
}

function packTensor(tensor: Tensor): PackedTensor {
  return { data: tensor.data as Float32Array, shape: tensor.shape };
}

function unpackTensor({ data, shape }: PackedTensor): Tensor2D {
  return Tensor.from(data, shape) as Tensor2D;
}

function unpackFeatures({ tokenEmbeddings, ...others }: PackedFeatures): TextFeatures {
  return { ...others, tokenEmbeddings: tokenEmbeddings && unpackTensor(tokenEmbeddings) };
}
