/** Results of `encode` on their way from one thread to another, and put together from chunks. */
import type { Shape } from "../tensor/shape.ts";
import { Tensor, type Tensor2D } from "../tensor/tensor.ts";
import type { EmbeddingMatrix, EmbeddingVectors } from "./collectors.ts";
import type { Merger } from "./output.ts";
import type { TextFeatures } from "./text-features.ts";

export interface PackedTensor {
  readonly data: Float32Array;
  readonly shape: Shape;
}

export interface PackedFeatures extends Omit<TextFeatures, "tokenEmbeddings"> {
  readonly tokenEmbeddings: PackedTensor | null;
}

export class MatrixMerger implements Merger<EmbeddingMatrix> {
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

export class VectorMerger implements Merger<EmbeddingVectors> {
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

/** For outputs that are a list: one result per text, each packed by itself. */
export class ListMerger<Packed, Result> implements Merger<Result[]> {
  readonly #results: Result[];
  readonly #unpack: (packed: Packed) => Result;
  readonly #isTruncated: (result: Result) => boolean;

  constructor(count: number, unpack: (packed: Packed) => Result, isTruncated: (result: Result) => boolean) {
    this.#results = new Array<Result>(count);
    this.#unpack = unpack;
    this.#isTruncated = isTruncated;
  }

  add(start: number, packed: unknown): number {
    const results = (packed as readonly Packed[]).map((each) => this.#unpack(each));
    for (const [i, result] of results.entries()) this.#results[start + i] = result;
    return results.filter(this.#isTruncated).length;
  }

  finish(): Result[] {
    return this.#results;
  }
}

export function packTensor(tensor: Tensor): PackedTensor {
  return { data: tensor.data as Float32Array, shape: tensor.shape };
}

export function unpackTensor({ data, shape }: PackedTensor): Tensor2D {
  return Tensor.from(data, shape) as Tensor2D;
}

export function packFeatures({ tokenEmbeddings, ...others }: TextFeatures): PackedFeatures {
  return { ...others, tokenEmbeddings: tokenEmbeddings && packTensor(tokenEmbeddings) };
}

export function unpackFeatures({ tokenEmbeddings, ...others }: PackedFeatures): TextFeatures {
  return { ...others, tokenEmbeddings: tokenEmbeddings && unpackTensor(tokenEmbeddings) };
}
