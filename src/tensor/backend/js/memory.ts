import { ArgumentError } from "../../../errors.ts";
import type { EmbeddingTable, PackedMatrix, Storage } from "../../backend.ts";

/** Free memory that is kept for reuse, at most; what comes back beyond it is left to the garbage collector. */
const MAX_FREE_BYTES = 64 * 2 ** 20;

/** Memory of the js backends. The array may be longer than `length`; it is gone once the memory was given back. */
export class JsStorage implements Storage {
  readonly length: number;
  data: Float32Array | null;

  constructor(length: number, data: Float32Array) {
    this.length = length;
    this.data = data;
  }
}

export class JsMatrix implements PackedMatrix {
  readonly outFeatures: number;
  readonly inFeatures: number;
  data: Float32Array | null;

  constructor(outFeatures: number, inFeatures: number, data: Float32Array) {
    this.outFeatures = outFeatures;
    this.inFeatures = inFeatures;
    this.data = data;
  }
}

export class JsTable implements EmbeddingTable {
  readonly rows: number;
  readonly width: number;
  /** A matrix: its rows are those of the table. */
  data: Float32Array | JsMatrix | null;

  constructor(rows: number, width: number, data: Float32Array | JsMatrix) {
    this.rows = rows;
    this.width = width;
    this.data = data;
  }
}

/** Arrays given back and waiting for their next use, by size. */
export class FreeLists {
  readonly #lists = new Map<number, Float32Array[]>();
  #bytes = 0;

  /** An array of at least `length` elements with arbitrary content. */
  take(length: number): Float32Array {
    const capacity = sizeClass(length);
    const array = this.#lists.get(capacity)?.pop();
    if (array === undefined) return new Float32Array(capacity);
    this.#bytes -= array.byteLength;
    return array;
  }

  give(array: Float32Array): void {
    if (this.#bytes + array.byteLength > MAX_FREE_BYTES) return;
    const list = this.#lists.get(array.length);
    if (list === undefined) this.#lists.set(array.length, [array]);
    else list.push(array);
    this.#bytes += array.byteLength;
  }

  clear(): void {
    this.#lists.clear();
    this.#bytes = 0;
  }
}

/**
 * Rounds up to four sizes an octave, so that batches of slightly different lengths reuse the same arrays and
 * no more than a quarter is wasted.
 */
function sizeClass(length: number): number {
  if (length <= 64) return 64;
  const step = 2 ** (Math.floor(Math.log2(length)) - 2);
  return Math.ceil(length / step) * step;
}

// The ops do not check whether memory has been freed, or whose it is: a module of the caller's own may confuse them.

export function dataOf(storage: Storage): Float32Array {
  if (!(storage instanceof JsStorage))
    throw new ArgumentError("js: expected memory of this backend, got that of another one", {
      code: "backend-mismatch",
    });
  if (storage.data === null) throw new ArgumentError("js: this memory has been freed", { code: "disposed" });
  return storage.data;
}

export function matrixOf(matrix: PackedMatrix): Float32Array {
  if (!(matrix instanceof JsMatrix))
    throw new ArgumentError("js: expected a matrix of this backend, got one of another", {
      code: "backend-mismatch",
    });
  if (matrix.data === null) throw new ArgumentError("js: this matrix has been freed", { code: "disposed" });
  return matrix.data;
}

export function tableOf(table: EmbeddingTable): Float32Array {
  const place = placeOf(table);
  return place instanceof JsMatrix ? matrixOf(place) : place;
}

/** Its own memory, or the matrix whose rows it has. */
export function placeOf(table: EmbeddingTable): Float32Array | JsMatrix {
  if (!(table instanceof JsTable))
    throw new ArgumentError("js: expected a table of this backend, got one of another", {
      code: "backend-mismatch",
    });
  if (table.data === null) throw new ArgumentError("js: this table has been freed", { code: "disposed" });
  return table.data;
}
