/**
 * Weights by descent: a layer's constructor takes its parameters by name and shape, `scope` descends as
 * `cd` into a folder does. Taking reserves memory and proves that the checkpoint fits; nothing is read
 * before `fill`, which then goes through the files once, front to back, in pieces. So a model that does
 * not fit fails before the first byte, and a checkpoint is never in memory twice.
 */

import type { Checkpoint, TensorInfo } from "../checkpoint/checkpoint.ts";
import { FormatError } from "../errors.ts";
import type { Backend, EmbeddingTable, MatrixDType, PackedMatrix, Parameter } from "../tensor/backend.ts";
import { elementCount, formatShape, type Shape, sameShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type FillOptions, fillParameters, type PendingParameter } from "./fill.ts";

interface Root {
  readonly checkpoint: Pick<Checkpoint, "name" | "tensors">;
  /** null: only names are known, and nothing can be read. */
  readonly readable: Checkpoint | null;
  readonly backend: Backend;
  /** Of matrices. */
  readonly dtype: MatrixDType;
  readonly taken: Set<string>;
  readonly pending: PendingParameter[];
  readonly derived: (() => Promise<void>)[];
  readonly kept: Parameter[];
  /** By their names in the checkpoint. */
  readonly matrices: Map<string, PackedMatrix>;
  readonly tables: Map<string, EmbeddingTable>;
  readonly stop: { stopped: boolean };
  filling: Promise<void> | null;
}

export interface ArrayOptions {
  /** Added to every value, in float32; 0 without. */
  readonly offset?: number;
}

export class Weights {
  readonly #root: Root;
  readonly #prefix: string;

  private constructor(root: Root, prefix: string) {
    this.#root = root;
    this.#prefix = prefix;
  }

  /** `dtype`: how matrices are kept. */
  static of(checkpoint: Checkpoint, backend: Backend, dtype: MatrixDType = "float32"): Weights {
    return Weights.#over(checkpoint, checkpoint, backend, dtype);
  }

  /**
   * Only to prove that a model takes these tensors and no others: shapes are not compared, and what is built of them
   * cannot be used.
   *
   * @param file where the names stand
   */
  static ofNames(names: Iterable<string>, file: string): Weights {
    const tensors = new Map(Array.from(names, (name) => [name, unknownTensor(name, file)]));
    return Weights.#over({ name: file, tensors }, null, noBackend, "float32");
  }

  static #over(
    checkpoint: Root["checkpoint"],
    readable: Root["readable"],
    backend: Backend,
    dtype: MatrixDType,
  ): Weights {
    const root: Root = {
      checkpoint,
      readable,
      backend,
      dtype,
      taken: new Set(),
      pending: [],
      derived: [],
      kept: [],
      matrices: new Map(),
      tables: new Map(),
      stop: { stopped: false },
      filling: null,
    };
    return new Weights(root, "");
  }

  get backend(): Backend {
    return this.#root.backend;
  }

  /** The weights under `name.`; an empty name stays here. */
  scope(name: string): Weights {
    return name === "" ? this : new Weights(this.#root, `${this.#prefix}${name}.`);
  }

  /** Whether the checkpoint has a tensor of this name here. */
  has(name: string): boolean {
    return this.#root.checkpoint.tensors.has(this.#prefix + name);
  }

  /** Whether the checkpoint has any tensor under `name.` here. */
  hasScope(name: string): boolean {
    const prefix = `${this.#prefix}${name}.`;
    for (const key of this.#root.checkpoint.tensors.keys()) if (key.startsWith(prefix)) return true;
    return false;
  }

  /** A parameter that kernels read as it is: a bias, the weight of a LayerNorm. */
  vector(name: string, length: number, options?: ArrayOptions): Tensor {
    return this.array(name, [length], options);
  }

  /** A parameter of any shape that kernels read as it is. */
  array(name: string, shape: Shape, { offset = 0 }: ArrayOptions = {}): Tensor {
    const info = this.#take(name, shape);
    const tensor = this.reserve(shape);
    const rows = elementCount(shape);
    this.#root.pending.push({ info, rows, width: 1, parameter: tensor.storage, offset });
    return tensor;
  }

  /** A parameter that is computed from others once they have been read: `compute` writes it. */
  derive(shape: Shape, compute: (parameter: Tensor) => Promise<void>): Tensor {
    const tensor = this.reserve(shape);
    this.#root.derived.push(() => compute(tensor));
    return tensor;
  }

  /** A parameter that its layer writes itself, as soon as it knows how. */
  reserve(shape: Shape): Tensor {
    const { backend } = this.#root;
    const vector = this.#keep(backend.parameters.createVector(elementCount(shape)));
    return Tensor.onBackend(backend, vector, shape);
  }

  /**
   * The weight of a linear layer [outFeatures, inFeatures], in the backend's own layout. A tensor that is taken more than
   * once is in memory once. Of those that are tables as well, take the matrix first: its layout serves both
   * (`ParameterStore.rowsOf`), that of a table does not.
   */
  matrix(name: string, outFeatures: number, inFeatures: number): PackedMatrix {
    const info = this.#take(name, [outFeatures, inFeatures]);
    const { matrices, tables, pending, backend, dtype } = this.#root;
    const known = matrices.get(info.name);
    if (known !== undefined) return known;
    if (tables.has(info.name))
      throw new TypeError(
        `weights: "${info.name}" has been taken as a table; take it as a matrix before that`,
      );
    const matrix = this.#keep(backend.parameters.createMatrix(outFeatures, inFeatures, dtype));
    matrices.set(info.name, matrix);
    pending.push({ info, rows: outFeatures, width: inFeatures, parameter: matrix });
    return matrix;
  }

  /** A table of embeddings [rows, width]: the rows of a matrix where the tensor has been taken as one. */
  table(name: string, rows: number, width: number): EmbeddingTable {
    const info = this.#take(name, [rows, width]);
    const { matrices, tables, pending, backend } = this.#root;
    const known = tables.get(info.name);
    if (known !== undefined) return known;
    const matrix = matrices.get(info.name);
    const { parameters } = backend;
    const table = this.#keep(matrix ? parameters.rowsOf(matrix) : parameters.createTable(rows, width));
    tables.set(info.name, table);
    if (matrix === undefined) pending.push({ info, rows, width, parameter: table });
    return table;
  }

  /**
   * Refuses a checkpoint with tensors that nobody took: they would be silently left out of the numbers.
   * `ignored` names those that the reference does not use either: whole names, or prefixes that end in a dot.
   */
  assertAllTaken(ignored: readonly string[] = []): void {
    const { checkpoint, taken } = this.#root;
    const unused = [...checkpoint.tensors.keys()].filter(
      (key) =>
        !taken.has(key) &&
        !ignored.some((name) => (name.endsWith(".") ? key.startsWith(name) : key === name)),
    );
    if (unused.length === 0) return;
    const shown = unused.slice(0, 5).join(", ") + (unused.length > 5 ? ", …" : "");
    throw new FormatError(
      `the model does not use ${unused.length} ${unused.length === 1 ? "tensor" : "tensors"} of the checkpoint: ${shown}`,
      { code: "unused-tensors", subject: unused[0], file: checkpoint.name },
    );
  }

  /**
   * Reads every parameter taken so far into its place; goes on with what `beginFill` began.
   */
  async fill(options: FillOptions = {}): Promise<void> {
    const begun = this.#root.filling;
    this.#root.filling = null;
    await begun;
    await this.#readPending(options);
    for (const compute of this.#root.derived.splice(0)) await compute();
    await this.#root.backend.settle();
  }

  /**
   * Begins to read while the caller is busy with other things, where the checkpoint can read several places at once;
   * it costs nothing if it was in vain. Whoever calls it calls `fill` afterwards, or `endFill`.
   */
  beginFill(options: FillOptions): void {
    if (!this.#root.readable?.parallel) return;
    this.#root.filling = this.#readPending(options);
    this.#root.filling.catch(() => {}); // it is waited for in fill, or given up
  }

  /** Gives up what `beginFill` began. Nothing is read any more when it resolves. */
  async endFill(): Promise<void> {
    this.#root.stop.stopped = true;
    await this.#root.filling?.catch(() => {});
  }

  async #readPending(options: FillOptions): Promise<void> {
    const { readable, backend, pending, stop } = this.#root;
    await fillParameters(readable!, backend.parameters, pending.splice(0), options, stop);
  }

  /** Gives back the memory of everything that was taken. */
  dispose(): void {
    const { backend, kept } = this.#root;
    for (const parameter of kept.splice(0)) backend.parameters.free(parameter);
  }

  #keep<T extends Parameter>(parameter: T): T {
    this.#root.kept.push(parameter);
    return parameter;
  }

  #take(name: string, shape: Shape): TensorInfo {
    const key = this.#prefix + name;
    const { checkpoint, readable, taken } = this.#root;
    const info = checkpoint.tensors.get(key);
    if (info === undefined) {
      throw new FormatError(`checkpoint has no tensor "${key}" ${formatShape(shape)}`, {
        code: "missing-tensor",
        subject: key,
        file: checkpoint.name,
      });
    }
    if (readable !== null && !sameShape(info.shape, shape)) {
      throw new FormatError(
        `"${key}": expected shape ${formatShape(shape)}, checkpoint has ${formatShape(info.shape)}`,
        { code: "tensor-shape", subject: key, file: info.file },
      );
    }
    taken.add(key);
    return info;
  }
}

function unknownTensor(name: string, file: string): TensorInfo {
  return { name, file, dtype: "F32", shape: [], byteOffset: 0, byteLength: 0 };
}

/** What `ofNames` reserves in: nothing. */
const noBackend = {
  parameters: {
    createVector: (length: number) => ({ length }),
    createMatrix: (outFeatures: number, inFeatures: number) => ({ outFeatures, inFeatures }),
    createTable: (rows: number, width: number) => ({ rows, width }),
    rowsOf: ({ outFeatures, inFeatures }: PackedMatrix) => ({ rows: outFeatures, width: inFeatures }),
  },
} as unknown as Backend;
