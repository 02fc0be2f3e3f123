/**
 * A dense array with a shape. It lies either in host memory (a typed array: token ids, masks, results
 * handed to the user) or in the memory of a backend (float32, row-major, without gaps: what the ops
 * compute on).
 */
import { brandClass } from "../brand.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import { describe } from "../runtime/check-arguments.ts";
import type { Backend, Storage } from "./backend.ts";
import { type DType, dtypeOf, newTypedArray, type TensorData } from "./dtype.ts";
import { formatNumbers } from "./format-numbers.ts";
import { readElements, readElementsSync } from "./read.ts";
import {
  contiguousStrides,
  elementCount,
  formatShape,
  isContiguous,
  type Shape,
  sameShape,
} from "./shape.ts";

/** Nested arrays of numbers: as deep as a tensor has axes. */
export type NestedNumbers = number | NestedNumbers[];

/** What the compiler knows of a tensor with one axis. */
export interface Tensor1D extends Tensor {
  readonly shape: readonly [number];
  readonly dims: readonly [number];
  toArray(): number[];
  tolist(): number[];
  toJSON(): number[];
  [Symbol.iterator](): IterableIterator<number>;
}

/** What the compiler knows of a matrix. */
export interface Tensor2D extends Tensor {
  readonly shape: readonly [number, number];
  readonly dims: readonly [number, number];
  row(index: number): Tensor1D;
  toArray(): number[][];
  tolist(): number[][];
  toJSON(): number[][];
  [Symbol.iterator](): IterableIterator<Tensor1D>;
}

/** What the compiler knows of a tensor with three axes. */
export interface Tensor3D extends Tensor {
  readonly shape: readonly [number, number, number];
  readonly dims: readonly [number, number, number];
  row(index: number): Tensor2D;
  toArray(): number[][][];
  tolist(): number[][][];
  toJSON(): number[][][];
  [Symbol.iterator](): IterableIterator<Tensor2D>;
}

/** The type of tensors with so many axes. */
export type TensorOfRank<Rank extends number> = Rank extends 1
  ? Tensor1D
  : Rank extends 2
    ? Tensor2D
    : Rank extends 3
      ? Tensor3D
      : Tensor;

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

  static {
    brandClass(Tensor, "Tensor");
    // `console.log` of Node and Bun, and of Deno.
    for (const name of ["nodejs.util.inspect.custom", "Deno.customInspect"]) {
      Object.defineProperty(Tensor.prototype, Symbol.for(name), {
        value(this: Tensor): string {
          return this.toString();
        },
      });
    }
  }

  /**
   * A tensor over `data`, which is not copied; plain numbers become float32.
   *
   * @throws ShapeError where the sizes differ. @throws ArgumentError for elements of a type that tensors do not have
   */
  static from(data: TensorData | readonly number[]): Tensor1D;
  static from<const S extends Shape>(
    data: TensorData | readonly number[],
    shape: S,
  ): TensorOfRank<S["length"]>;
  static from(data: TensorData | readonly number[], shape?: Shape): Tensor;
  static from(data: TensorData | readonly number[], shape?: Shape): Tensor {
    if (!ArrayBuffer.isView(data) && !Array.isArray(data)) {
      throw new ArgumentError(
        `Tensor.from: expected a typed array or an array of numbers, got ${describe(data)}`,
      );
    }
    if (shape !== undefined && !Array.isArray(shape)) {
      throw new ArgumentError(`Tensor.from: expected the shape as an array, got ${describe(shape)}`);
    }
    const values: TensorData = ArrayBuffer.isView(data) ? data : Float32Array.from(data);
    const dtype = dtypeOf(values);
    const dimensions = shape === undefined ? [values.length] : [...shape];
    if (elementCount(dimensions) !== values.length) {
      throw new ShapeError(
        `Tensor.from: expected ${formatShape(dimensions)} to have as many elements as the data, got ${values.length}`,
      );
    }
    return new Tensor({ kind: "host", data: values }, dtype, dimensions, contiguousStrides(dimensions), 0);
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
      throw new ArgumentError(
        "Tensor.storage: only tensors on a backend have a storage; this one is in host memory",
        { code: "tensor-on-host" },
      );
    }
    return this.#memory.storage;
  }

  /** The shape, by its name in transformers.js. */
  get dims(): Shape {
    return this.shape;
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
    return readElementsSync(
      ...([memory.backend, memory.storage, this.offset, this.offset + this.elementCount] as const),
      "use `await tensor.read()` instead of `tensor.data`",
    );
  }

  /** The elements, row by row, wherever the tensor lies. A copy, but for contiguous host tensors. */
  async read(): Promise<TensorData> {
    const memory = this.#memory;
    if (memory.kind === "host") return this.data;
    return await readElements(memory.backend, memory.storage, this.offset, this.offset + this.elementCount);
  }

  /** The same elements under another shape, without a copy. One dimension may be −1: whatever is left. */
  reshape<const S extends Shape>(shape: S): TensorOfRank<S["length"]> {
    const target = inferDimension(shape, this.elementCount);
    if (elementCount(target) !== this.elementCount) {
      throw new ShapeError(
        `reshape: expected a shape with as many elements as ${formatShape(this.shape)}, got ${formatShape(shape)}`,
      );
    }
    const memory: HostMemory | BackendMemory = this.isContiguous
      ? this.#memory
      : { kind: "host", data: this.data };
    const offset = this.isContiguous ? this.offset : 0;
    return new Tensor(memory, this.dtype, target, contiguousStrides(target), offset) as TensorOfRank<
      S["length"]
    >;
  }

  /** A view of rows `start … end − 1` of the first axis. Host tensors only. */
  slice(start: number, end: number = this.shape[0] ?? 0): this {
    const rows = this.shape[0];
    if (rows === undefined) throw new ShapeError("slice: expected a tensor with at least one axis, got none");
    if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= rows)) {
      throw new ShapeError(`slice: expected rows within ${formatShape(this.shape)}, got ${start} to ${end}`, {
        code: "index-out-of-range",
      });
    }
    return this.#view("slice", [end - start, ...this.shape.slice(1)], this.strides, start * this.strides[0]!);
  }

  /**
   * A view of row `index` of the first axis, one axis less. Host tensors only.
   *
   * @throws ShapeError where there is no such row
   */
  row(index: number): Tensor {
    const rows = this.shape[0];
    if (rows === undefined) throw new ShapeError("row: expected a tensor with at least one axis, got none");
    if (!(Number.isInteger(index) && index >= 0 && index < rows)) {
      throw new ShapeError(`row: expected an index from 0 to ${rows - 1}, got ${index}`, {
        code: "index-out-of-range",
      });
    }
    return this.#view("row", this.shape.slice(1), this.strides.slice(1), index * this.strides[0]!);
  }

  /** A view with the axes in another order; without arguments, reversed. Host tensors only. */
  transpose(axes: readonly number[] = this.shape.map((_, axis) => this.shape.length - 1 - axis)): this {
    const sorted = [...axes].sort((a, b) => a - b);
    if (
      !sameShape(
        sorted,
        this.shape.map((_, axis) => axis),
      )
    ) {
      throw new ShapeError(
        `transpose: expected an order of the ${this.shape.length} axes of ${formatShape(this.shape)}, got ${formatShape(axes)}`,
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
  contiguous(): this {
    return this.isContiguous ? this : (Tensor.from(this.data, this.shape) as this);
  }

  /** Nested arrays of numbers, as deep as there are axes: `number[][]` for a matrix. */
  toArray(): NestedNumbers {
    return nest(this.data, this.shape, 0, 0);
  }

  /** `toArray`, by its name in torch and transformers.js. */
  tolist(): NestedNumbers {
    return this.toArray();
  }

  /** For `JSON.stringify`: `toArray()`. JSON has no NaN and no infinities; they become null. */
  toJSON(): NestedNumbers {
    return this.toArray();
  }

  /** The number of a tensor of one element. @throws ShapeError where it has more, or none. */
  item(): number {
    if (this.elementCount !== 1) {
      throw new ShapeError(`item: expected a tensor of one element, got ${formatShape(this.shape)}`);
    }
    return this.data[0]!;
  }

  /**
   * The rows of the first axis: views, one axis less; the numbers themselves where there is one axis.
   *
   * @throws ShapeError for a tensor without axes
   */
  [Symbol.iterator](): IterableIterator<number | Tensor> {
    const { length } = this.shape;
    if (length === 0) throw new ShapeError("iteration: expected a tensor with at least one axis, got none");
    if (length === 1) return this.data[Symbol.iterator]();
    return rowsOf(this.backend === null ? this : Tensor.from(this.data, this.shape));
  }

  /** For people: the type, the shape and the first and last numbers. What a backend holds is not read for it. */
  toString(): string {
    const memory = this.#memory;
    const head = `Tensor ${this.dtype} ${formatShape(this.shape)}`;
    if (memory.kind === "backend") return `${head} in the memory of ${memory.backend.name}`;
    return `${head} ${formatNumbers(memory.data, this)}`;
  }

  /** Gives a backend's memory back at once. A host tensor is left to the garbage collector. */
  dispose(): void {
    if (this.#memory.kind === "backend") this.#memory.backend.free(this.#memory.storage);
  }

  #view<T extends Tensor>(operation: string, shape: Shape, strides: readonly number[], offset: number): T {
    if (this.#memory.kind === "backend") {
      throw new ArgumentError(
        `${operation}: only host tensors have views; read it with \`await tensor.read()\``,
        { code: "tensor-on-backend" },
      );
    }
    return new Tensor(this.#memory, this.dtype, shape, strides, this.offset + offset) as T;
  }
}

function* rowsOf(tensor: Tensor): Generator<Tensor> {
  const count = tensor.shape[0]!;
  for (let i = 0; i < count; i++) yield tensor.row(i);
}

function inferDimension(shape: Shape, count: number): number[] {
  const unknown = shape.indexOf(-1);
  if (unknown === -1) return [...shape];
  const known = elementCount(shape.filter((_, axis) => axis !== unknown));
  if (known === 0 || count % known !== 0) {
    throw new ShapeError(`reshape: expected a shape for ${count} elements, got ${formatShape(shape)}`);
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
