import { ArgumentError, ShapeError } from "../errors.ts";
import { describe } from "../runtime/check-arguments.ts";
import { type DType, dtypeOf as dtypeOfView, knownDType, type TensorData } from "../tensor/dtype.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

export type Vector = Float32Array | Float64Array | Int8Array | Uint8Array | readonly number[];

/** One vector, several vectors of one length, or a tensor [dimension] or [count, dimension]. */
export type Embeddings = Vector | readonly Vector[] | Tensor;

/** Embeddings as rows of a matrix, wherever the numbers lie. */
export interface Rows {
  readonly count: number;
  /** 0 where there are no rows to tell. */
  readonly dimension: number;
  /** float64 for plain numbers. */
  readonly dtype: DType;
  /** Copies row `index` into `target`, beginning at element `start`. */
  load(index: number, target: TensorData, start: number): void;
  /** Rows `start … end − 1`, without a copy. */
  slice(start: number, end: number): Rows;
}

/**
 * @param operation what error messages begin with
 * @throws ArgumentError for what is not made of numbers. @throws ShapeError for vectors of different lengths.
 */
export function rowsOf(embeddings: Embeddings, operation: string): Rows {
  if (embeddings instanceof Tensor) return rowsOfTensor(embeddings, operation);
  if (ArrayBuffer.isView(embeddings)) {
    checkVector(embeddings, "the vector", operation);
    return new MatrixRows(embeddings, 1, embeddings.length);
  }
  if (!Array.isArray(embeddings)) {
    throw new ArgumentError(
      `${operation}: expected a vector, an array of vectors or a tensor, got ${describe(embeddings)}`,
    );
  }
  // A copy of the list, not of the numbers: asynchronous functions go on reading when the caller has the list back.
  const vectors = isVector(embeddings) ? [embeddings] : [...(embeddings as readonly Vector[])];
  return rowsOfVectors(vectors, operation);
}

/** @throws ShapeError where both have rows, of different lengths. */
export function checkSameDimension(a: Rows, b: Rows, operation: string): void {
  if (a.count === 0 || b.count === 0 || a.dimension === b.dimension) return;
  throw new ShapeError(
    `${operation}: expected vectors of equal length, got ${a.dimension} and ${b.dimension} dimensions`,
    { code: "dimension-mismatch" },
  );
}

function rowsOfTensor(tensor: Tensor, operation: string): Rows {
  const [first, second] = tensor.shape;
  if (first === undefined || tensor.shape.length > 2) {
    throw new ShapeError(
      `${operation}: expected a tensor [dimension] or [count, dimension], got ${formatShape(tensor.shape)}`,
    );
  }
  return second === undefined
    ? new MatrixRows(tensor.data, 1, first)
    : new MatrixRows(tensor.data, first, second);
}

function rowsOfVectors(vectors: readonly Vector[], operation: string): Rows {
  const [first] = vectors;
  if (first === undefined) return new ListRows(vectors, 0, "float32");
  for (const [index, vector] of vectors.entries()) {
    checkVector(vector, `vector ${index}`, operation);
    if (vector.length !== first.length) {
      throw new ShapeError(
        `${operation}: expected vectors of equal length, got ${first.length} dimensions in vector 0 and ${vector.length} in vector ${index}`,
        { code: "dimension-mismatch" },
      );
    }
    if (dtypeOf(vector) !== dtypeOf(first)) {
      throw new ArgumentError(
        `${operation}: expected vectors of one type, got ${dtypeOf(first)} in vector 0 and ${dtypeOf(vector)} in vector ${index}`,
        { code: "unsupported-dtype" },
      );
    }
  }
  return new ListRows(vectors, first.length, dtypeOf(first));
}

/** An array is one vector where it begins with a number; an empty one holds no vectors. */
function isVector(embeddings: Vector | readonly Vector[]): embeddings is Vector {
  return ArrayBuffer.isView(embeddings) || typeof embeddings[0] === "number";
}

function checkVector(vector: unknown, name: string, operation: string): void {
  const dtype = ArrayBuffer.isView(vector) ? knownDType(vector) : undefined;
  if (dtype !== undefined && dtype !== "int32") return;
  if (!Array.isArray(vector)) {
    throw new ArgumentError(`${operation}: expected ${name} to hold numbers, got ${describe(vector)}`, {
      subject: name,
    });
  }
  for (let i = 0; i < vector.length; i++) {
    if (typeof vector[i] !== "number") {
      throw new ArgumentError(
        `${operation}: expected a number in dimension ${i} of ${name}, got ${describe(vector[i])}`,
        { subject: name },
      );
    }
  }
}

function dtypeOf(vector: Vector | TensorData): DType {
  return ArrayBuffer.isView(vector) ? dtypeOfView(vector) : "float64";
}

class MatrixRows implements Rows {
  readonly count: number;
  readonly dimension: number;
  readonly dtype: DType;
  readonly #data: TensorData;

  constructor(data: TensorData, count: number, dimension: number) {
    this.count = count;
    this.dimension = dimension;
    this.dtype = dtypeOf(data);
    this.#data = data;
  }

  load(index: number, target: TensorData, start: number): void {
    target.set(this.#data.subarray(index * this.dimension, (index + 1) * this.dimension), start);
  }

  slice(start: number, end: number): Rows {
    const data = this.#data.subarray(start * this.dimension, end * this.dimension);
    return new MatrixRows(data, end - start, this.dimension);
  }
}

class ListRows implements Rows {
  readonly count: number;
  readonly dimension: number;
  readonly dtype: DType;
  readonly #vectors: readonly Vector[];

  constructor(vectors: readonly Vector[], dimension: number, dtype: DType) {
    this.count = vectors.length;
    this.dimension = dimension;
    this.dtype = dtype;
    this.#vectors = vectors;
  }

  load(index: number, target: TensorData, start: number): void {
    target.set(this.#vectors[index]!, start);
  }

  slice(start: number, end: number): Rows {
    return new ListRows(this.#vectors.slice(start, end), this.dimension, this.dtype);
  }
}
