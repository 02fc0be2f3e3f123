import assert from "node:assert/strict";
import type { SimilarityFunctionName } from "../../src/similarity/similarity-function-name.ts";
import type { SearchHit } from "../../src/similarity/top-k.ts";
import type { Backend, PackedMatrix, ParameterStore, ReadPiece, Storage } from "../../src/tensor/backend.ts";
import { createSynchronousBackend } from "../../src/tensor/select.ts";
import { randomNumbers } from "../helpers/random.ts";

export const names: readonly SimilarityFunctionName[] = ["cosine", "dot", "euclidean", "manhattan"];

/** `count` vectors over few values, so that scores are often equal and vectors often the same, or zero. */
export function coarseVectors(seed: number, count: number, dimension: number): Float32Array[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, () =>
    Float32Array.from({ length: dimension }, () => Math.floor(3 * random()) - 1),
  );
}

/** `count` vectors of very different lengths. */
export function fineVectors(seed: number, count: number, dimension: number): Float32Array[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, () => {
    const length = 10 ** (4 * random() - 2);
    return Float32Array.from({ length: dimension }, () => length * (2 * random() - 1));
  });
}

/** `count` vectors that differ in the last digits: their scores lie closer together than f32 products are right. */
export function closeVectors(seed: number, count: number, dimension: number): Float32Array[] {
  const random = randomNumbers(seed);
  const base = Float32Array.from({ length: dimension }, (_, i) => Math.cos(7 * i));
  return Array.from({ length: count }, () => base.map((value) => value * (1 + 2e-3 * random())));
}

/** Written down a second time, in plain f64. */
export function naiveScore(name: SimilarityFunctionName, a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  let squaredA = 0;
  let squaredB = 0;
  let squares = 0;
  let distances = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    squaredA += a[i]! ** 2;
    squaredB += b[i]! ** 2;
    squares += (a[i]! - b[i]!) ** 2;
    distances += Math.abs(a[i]! - b[i]!);
  }
  if (name === "dot") return dot;
  if (name === "euclidean") return 0 - Math.sqrt(squares);
  if (name === "manhattan") return 0 - distances;
  return dot / (Math.max(Math.sqrt(squaredA), 1e-12) * Math.max(Math.sqrt(squaredB), 1e-12));
}

/** Scores all and sorts all: higher scores first, of equal ones lower ids. */
export function naiveSearch(
  name: SimilarityFunctionName,
  queries: readonly ArrayLike<number>[],
  corpus: readonly ArrayLike<number>[],
  topK: number,
): SearchHit[][] {
  return queries.map((query) =>
    corpus
      .map((row, corpusId) => ({ corpusId, score: Math.fround(naiveScore(name, query, row)) }))
      .sort((x, y) => y.score - x.score || x.corpusId - y.corpusId)
      .slice(0, topK),
  );
}

export interface WatchedBackend {
  readonly backend: Backend;
  /** Calls of `linear`. */
  products(): number;
  /** Elements that were allocated or packed and not given back. */
  held(): number;
  /** The most that was held at once. */
  most(): number;
}

/** A backend that counts, and adds `error(i)` to element i of each product. */
export function watchedBackend(error?: (index: number) => number, readSync = true): WatchedBackend {
  const inner = createSynchronousBackend();
  let products = 0;
  let held = 0;
  let most = 0;
  const hold = (elements: number) => {
    held += elements;
    most = Math.max(most, held);
  };
  const perturb = (values: Float32Array) => {
    if (error !== undefined) for (let i = 0; i < values.length; i++) values[i]! += error(i);
    return values;
  };
  const backend: Backend = Object.create(inner, {
    name: { value: "watched" },
    capabilities: { value: { ...inner.capabilities, batchTokens: 128 } }, // several blocks, whatever it likes best
    allocate: {
      value(length: number) {
        hold(length);
        return inner.allocate(length);
      },
    },
    free: {
      value(storage: Storage) {
        hold(-storage.length);
        inner.free(storage);
      },
    },
    parameters: {
      value: {
        ...{ createVector: unused, createTable: unused, rowsOf: unused, inPlace: unused },
        createMatrix(outFeatures, inFeatures, dtype) {
          hold(outFeatures * inFeatures);
          return inner.parameters.createMatrix(outFeatures, inFeatures, dtype);
        },
        write: (matrix, rows, firstRow) => inner.parameters.write(matrix, rows, firstRow),
        free(matrix) {
          hold(-(matrix as PackedMatrix).outFeatures * (matrix as PackedMatrix).inFeatures);
          inner.parameters.free(matrix);
        },
      } satisfies ParameterStore,
    },
    write: { value: inner.write.bind(inner) },
    kernels: {
      value: {
        ...inner.kernels,
        linear(...call: Parameters<Backend["kernels"]["linear"]>) {
          products++;
          inner.kernels.linear(...call);
        },
      },
    },
    read: {
      async value(storage: Storage, pieces: readonly ReadPiece[]) {
        await inner.read(storage, pieces);
        for (const { into } of pieces) perturb(into);
      },
    },
    readSync: {
      value: readSync
        ? (storage: Storage, pieces: readonly ReadPiece[]) => {
            inner.readSync!(storage, pieces);
            for (const { into } of pieces) perturb(into);
          }
        : null,
    },
  });
  return { backend, products: () => products, held: () => held, most: () => most };
}

function unused(): never {
  assert.fail("products take matrices alone");
}
