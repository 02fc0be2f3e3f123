import assert from "node:assert/strict";
import type {
  Backend,
  EmbeddingTable,
  PackedMatrix,
  Parameter,
  Storage,
} from "../../../../src/tensor/backend.ts";
import { readElements } from "../../../../src/tensor/read.ts";

/** NaNs behind every input and output, inside its storage: reading them spoils results, overwriting them shows. */
const GUARD = 9;

/** Storages, matrices and tables of one kernel call: filled, guarded, checked, given back. */
export class Memory {
  readonly #backend: Backend;
  readonly #storages: Storage[] = [];
  readonly #parameters: Parameter[] = [];
  readonly #inputs: { readonly what: string; readonly storage: Storage; readonly values: Float32Array }[] =
    [];

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** An input, which the kernel must leave as it is. */
  input(what: string, values: Float32Array): Storage {
    const storage = this.#guarded(values);
    this.#inputs.push({ what, storage, values: values.slice() });
    return storage;
  }

  /** An input that lives in the memory of parameters, as a bias does. */
  parameter(what: string, values: Float32Array): Storage {
    const storage = this.#backend.parameters.createVector(values.length + GUARD);
    this.#parameters.push(storage);
    const guarded = withGuard(values);
    this.#backend.parameters.write(storage, guarded, 0);
    guarded.fill(0); // the backend has copied them
    this.#inputs.push({ what, storage, values: values.slice() });
    return storage;
  }

  /** An output of NaNs. */
  output(length: number): Storage {
    return this.#guarded(new Float32Array(length).fill(Number.NaN));
  }

  /** An input that the kernel's result replaces. */
  inPlace(values: Float32Array): Storage {
    return this.#guarded(values);
  }

  /** [outFeatures, inFeatures], written in `chunks` of rows, or put into its own memory in them. */
  matrix(
    values: Float32Array,
    outFeatures: number,
    inFeatures: number,
    { chunks = [{ first: 0, count: outFeatures }], packed = false }: MatrixWriting = {},
  ): PackedMatrix {
    const { parameters } = this.#backend;
    const matrix = parameters.createMatrix(outFeatures, inFeatures, "float32");
    this.#parameters.push(matrix);
    const inPlace = packed ? parameters.inPlace(matrix) : null;
    assert.ok(!packed || inPlace?.memory.length === values.length, "memory that files can be read into");
    for (const { first, count } of chunks) {
      const rows = values.slice(first * inFeatures, (first + count) * inFeatures);
      if (inPlace === null) {
        parameters.write(matrix, rows, first);
      } else {
        inPlace.memory.set(rows, first * inFeatures);
        inPlace.take?.(first, count);
      }
      rows.fill(Number.NaN); // the backend has copied them
    }
    return matrix;
  }

  table(values: Float32Array, rows: number, width: number, chunks?: readonly Chunk[]): EmbeddingTable {
    const { parameters } = this.#backend;
    const table = parameters.createTable(rows, width);
    this.#parameters.push(table);
    for (const { first, count } of chunks ?? [{ first: 0, count: rows }]) {
      const part = values.slice(first * width, (first + count) * width);
      parameters.write(table, part, first);
      part.fill(Number.NaN);
    }
    return table;
  }

  /** The result, after checking that nothing else has changed. Gives everything back. */
  async finish(out: Storage, length: number): Promise<Float32Array> {
    const values = await readElements(this.#backend, out, 0, length + GUARD);
    for (let i = length; i < length + GUARD; i++) {
      assert.ok(Number.isNaN(values[i]), `element ${i - length} behind the output was overwritten`);
    }
    for (const { what, storage, values: before } of this.#inputs) {
      assertSameBits(
        await readElements(this.#backend, storage, 0, before.length),
        before,
        `input ${what} was changed`,
      );
    }
    for (const storage of this.#storages) this.#backend.free(storage);
    for (const parameter of this.#parameters) this.#backend.parameters.free(parameter);
    return values.slice(0, length);
  }

  #guarded(values: Float32Array): Storage {
    const storage = this.#backend.allocate(values.length + GUARD);
    this.#storages.push(storage);
    const guarded = withGuard(values);
    this.#backend.write(storage, guarded, 0);
    guarded.fill(0); // the backend has copied them
    return storage;
  }
}

function withGuard(values: Float32Array): Float32Array {
  const guarded = new Float32Array(values.length + GUARD).fill(Number.NaN);
  guarded.set(values);
  return guarded;
}

export interface MatrixWriting {
  /** First row and count of each; all rows at once without. */
  readonly chunks?: readonly Chunk[] | undefined;
  readonly packed?: boolean | undefined;
}

export interface Chunk {
  readonly first: number;
  readonly count: number;
}

/** All values equal, zeros by their sign too; any NaN is as good as any other. */
export function assertSameBits(actual: Float32Array, expected: Float32Array, message: string): void {
  assert.equal(actual.length, expected.length, message);
  for (let i = 0; i < actual.length; i++) {
    if (!Object.is(actual[i], expected[i])) {
      assert.fail(`${message}: element ${i} is ${show(actual[i]!)}, expected ${show(expected[i]!)}`);
    }
  }
}

/** Every element within its bound of the expected one; NaN where NaN is expected, infinities exactly. */
export function assertWithin(
  actual: Float32Array,
  expected: Float32Array,
  bounds: Float64Array,
  message: string,
): void {
  assert.equal(actual.length, expected.length, message);
  assert.equal(bounds.length, expected.length, message);
  for (let i = 0; i < actual.length; i++) {
    const a = actual[i]!;
    const e = expected[i]!;
    if (Object.is(a, e) || a === e || Math.abs(a - e) <= bounds[i]!) continue;
    assert.fail(`${message}: element ${i} is ${a}, expected ${e} ± ${bounds[i]}`);
  }
}

function show(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
