/**
 * A dense array with a shape. It lies either in host memory (a typed array: token ids, masks, results
 * handed to the user) or in the memory of a backend (float32, row-major, without gaps: what the ops
 * compute on).
 */
import { ArgumentError, ShapeError } from "../errors.ts";
import type { Backend, Storage } from "./backend.ts";
import { type DType, dtypeOf, newTypedArray, type TensorData } from "./dtype.ts";
import {
  contiguousStrides,
  elementCount,
  formatShape,
  isContiguous,
  type Shape,
  sameShape,
} from "./shape.ts";

/** Nested arrays of numbers, as `toArray` gives them: as deep as the tensor has axes. */
export type NestedNumbers = number | NestedNumbers[];

interface HostMemory {
  readonly kind: "host";
  readonly data: TensorData;
}

interface BackendMemory {
  readonly kind: "backend";
  readonly backend: Backend;
  readonly storage: Storage;
}

export class Tensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /** In elements. */
  readonly strides: readonly number[];
  /** The element of the memory that index [0, 0, …] is. */
  readonly offset: number;
  readonly #memory: HostMemory | BackendMemory;

  private constructor(
    memory: HostMemory | BackendMemory,
    dtype: DType,
    shape: Shape,
    strides: readonly number[],
    offset: number,
  ) {
    this.#memory = memory;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
  }

  /** A tensor over `data`, which is not copied. @throws ShapeError where the sizes differ. */
  static from(data: TensorData | readonly number[], shape?: Shape): Tensor {
    if (!ArrayBuffer.isView(data) && !Array.isArray(data)) {
      throw new ArgumentError(
        `Tensor.from: expected a typed array or an array of numbers, got ${typeof data}`,
      );
    }
    if (shape !== undefined && !Array.isArray(shape)) {
      throw new ArgumentError(`Tensor.from: expected the shape as an array, got ${typeof shape}`);
    }
    const values: TensorData = ArrayBuffer.isView(data) ? data : Float32Array.from(data);
    const dimensions = shape === undefined ? [values.length] : [...shape];
    if (elementCount(dimensions) !== values.length) {
      throw new ShapeError(
        `Tensor.from: shape ${formatShape(dimensions)} does not fit ${values.length} elements`,
      );
    }
    return new Tensor(
      { kind: "host", data: values },
      dtypeOf(values),
      dimensions,
      contiguousStrides(dimensions),
      0,
    );
  }

  /** A tensor over a backend's memory, as the ops make them. */
  static onBackend(backend: Backend, storage: Storage, shape: Shape): Tensor {
    if (elementCount(shape) !== storage.length) {
      throw new ShapeError(
        `Tensor.onBackend: shape ${formatShape(shape)} does not fit ${storage.length} elements`,
      );
    }
    return new Tensor({ kind: "backend", backend, storage }, "float32", shape, contiguousStrides(shape), 0);
  }

  /** The backend in whose memory it lies; null: host memory. */
  get backend(): Backend | null {
    return this.#memory.kind === "backend" ? this.#memory.backend : null;
  }

  /** The backend's memory. @throws ArgumentError for a tensor in host memory. */
  get storage(): Storage {
    if (this.#memory.kind === "host") {
      throw new ArgumentError("Tensor.storage: this tensor lies in host memory, not in a backend's");
    }
    return this.#memory.storage;
  }

  get elementCount(): number {
    return elementCount(this.shape);
  }

  get isContiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }

  /**
   * The elements, row by row. A contiguous host tensor gives a view of its memory, every other tensor a
   * copy. @throws ArgumentError where the backend's memory cannot be seen at once: use `await read()`.
   */
  get data(): TensorData {
    const memory = this.#memory;
    if (memory.kind === "host") return gather(memory.data, this.shape, this.strides, this.offset);
    const { backend, storage } = memory;
    if (backend.readSync === null) {
      throw new ArgumentError(`Tensor.data: ${backend.name} memory is read with \`await tensor.read()\``);
    }
    return backend.readSync(storage, this.offset, this.offset + this.elementCount);
  }

  /** The elements, row by row, wherever the tensor lies. A copy, but for contiguous host tensors. */
  async read(): Promise<TensorData> {
    const memory = this.#memory;
    if (memory.kind === "host") return this.data;
    return await memory.backend.read(memory.storage, this.offset, this.offset + this.elementCount);
  }

  /** The same elements under another shape, without a copy. One dimension may be −1: whatever is left. */
  reshape(shape: Shape): Tensor {
    const target = inferDimension(shape, this.elementCount);
    if (elementCount(target) !== this.elementCount) {
      throw new ShapeError(`reshape: ${formatShape(this.shape)} does not fit ${formatShape(shape)}`);
    }
    if (!this.isContiguous) return this.contiguous().reshape(target);
    return new Tensor(this.#memory, this.dtype, target, contiguousStrides(target), this.offset);
  }

  /** A view of rows `start … end − 1` of the first axis. Host tensors only. */
  slice(start: number, end: number = this.shape[0] ?? 0): Tensor {
    const rows = this.shape[0];
    if (rows === undefined) throw new ShapeError("slice: a tensor without axes has no rows");
    if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= rows)) {
      throw new ShapeError(`slice: rows ${start} to ${end} do not lie in ${formatShape(this.shape)}`);
    }
    return this.#view("slice", [end - start, ...this.shape.slice(1)], this.strides, start * this.strides[0]!);
  }

  /** A view of row `index` of the first axis, one axis less. Host tensors only. */
  row(index: number): Tensor {
    const slice = this.slice(index, index + 1);
    return this.#view("row", slice.shape.slice(1), slice.strides.slice(1), index * this.strides[0]!);
  }

  /** A view with the axes in another order; without arguments, reversed. Host tensors only. */
  transpose(axes: readonly number[] = this.shape.map((_, axis) => this.shape.length - 1 - axis)): Tensor {
    const sorted = [...axes].sort((a, b) => a - b);
    if (
      !sameShape(
        sorted,
        this.shape.map((_, axis) => axis),
      )
    ) {
      throw new ShapeError(
        `transpose: axes ${formatShape(axes)} are not an order of the ${this.shape.length} axes of ${formatShape(this.shape)}`,
      );
    }
    return this.#view(
      "transpose",
      axes.map((axis) => this.shape[axis]!),
      axes.map((axis) => this.strides[axis]!),
      0,
    );
  }

  /** This tensor, or a copy without gaps where it is a view that has some. */
  contiguous(): Tensor {
    return this.isContiguous ? this : Tensor.from(this.data, this.shape);
  }

  /** Nested arrays of numbers: `number[][]` for a matrix. */
  toArray(): NestedNumbers {
    return nest(this.data, this.shape, 0, 0);
  }

  /** Gives a backend's memory back at once. A host tensor is left to the garbage collector. */
  dispose(): void {
    if (this.#memory.kind === "backend") this.#memory.backend.free(this.#memory.storage);
  }

  #view(operation: string, shape: Shape, strides: readonly number[], offset: number): Tensor {
    if (this.#memory.kind === "backend") {
      throw new ArgumentError(
        `${operation}: tensors in a backend's memory have no views; read it to host memory first`,
      );
    }
    return new Tensor(this.#memory, this.dtype, shape, strides, this.offset + offset);
  }
}

function inferDimension(shape: Shape, count: number): number[] {
  const unknown = shape.indexOf(-1);
  if (unknown === -1) return [...shape];
  const known = elementCount(shape.filter((_, axis) => axis !== unknown));
  if (known === 0 || count % known !== 0) {
    throw new ShapeError(`reshape: ${count} elements do not fit ${formatShape(shape)}`);
  }
  return shape.map((dimension, axis) => (axis === unknown ? count / known : dimension));
}

function gather(data: TensorData, shape: Shape, strides: readonly number[], offset: number): TensorData {
  const count = elementCount(shape);
  if (isContiguous(shape, strides)) return data.subarray(offset, offset + count);
  const out = newTypedArray(dtypeOf(data), count);
  const index = new Array<number>(shape.length).fill(0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    out[to] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

function nest(data: TensorData, shape: Shape, axis: number, start: number): NestedNumbers {
  if (axis === shape.length) return data[start]!;
  const stride = elementCount(shape.slice(axis + 1));
  return Array.from({ length: shape[axis]! }, (_, i) => nest(data, shape, axis + 1, start + i * stride));
}
