import { ArgumentError } from "../../../errors.ts";
import type {
  ActivationName,
  AttentionDims,
  Backend,
  EmbeddingDims,
  EmbeddingTable,
  LayerNormDims,
  LinearDims,
  PackedMatrix,
  ParameterStore,
  PoolDims,
  PooledSequences,
  RowDims,
  Storage,
} from "../../backend.ts";
import { CPU_CAPABILITIES } from "../cpu-capabilities.ts";
import { FAST_KERNELS } from "./fast-kernels.ts";
import type { JsKernels } from "./kernels.ts";
import { dataOf, FreeLists, JsStorage, matrixOf, tableOf } from "./memory.ts";
import { JsParameters } from "./parameters.ts";
import { REFERENCE_KERNELS } from "./reference/kernels.ts";

/**
 * The backend that needs nothing but JavaScript: for runtimes that may not compile WebAssembly.
 *
 * @param reason why it is this one, for its description
 */
export function createJsBackend(reason?: string): Backend {
  return new JsBackend(
    "js",
    `js: typed arrays, one thread${reason === undefined ? "" : ` (${reason})`}`,
    FAST_KERNELS,
  );
}

/** The slow backend that all others are tested against. */
export function createReferenceBackend(): Backend {
  return new JsBackend("reference", "reference: naive kernels with f64 sums", REFERENCE_KERNELS);
}

/** Memory is `Float32Array`s, the work is done within the call, and the kernels are those of `kernels`. */
export class JsBackend implements Backend {
  readonly name: string;
  readonly description: string;
  readonly capabilities = CPU_CAPABILITIES;
  readonly concurrency = 1;
  readonly lost = null;
  readonly parameters: ParameterStore;
  readonly #kernels: JsKernels;
  readonly #free = new FreeLists();
  #disposed = false;

  constructor(name: string, description: string, kernels: JsKernels) {
    this.name = name;
    this.description = description;
    this.#kernels = kernels;
    this.parameters = new JsParameters(kernels);
  }

  allocate(length: number): Storage {
    if (this.#disposed)
      throw new ArgumentError(`${this.name}: the backend has been disposed of`, { code: "disposed" });
    return new JsStorage(length, this.#free.take(length));
  }

  free(storage: Storage): void {
    this.#free.give(dataOf(storage));
    (storage as JsStorage).data = null;
  }

  write(storage: Storage, values: Float32Array, start: number): void {
    dataOf(storage).set(values, start);
  }

  async read(storage: Storage, start: number, end: number): Promise<Float32Array> {
    return this.readSync(storage, start, end);
  }

  readSync(storage: Storage, start: number, end: number): Float32Array {
    return dataOf(storage).slice(start, end);
  }

  linear(
    out: Storage,
    x: Storage,
    weight: PackedMatrix,
    bias: Storage | null,
    residual: Storage | null,
    { rows, activation }: LinearDims,
  ): void {
    const { inFeatures, outFeatures } = weight;
    this.#kernels.linear(dataOf(out), dataOf(x), matrixOf(weight), optional(bias), optional(residual), {
      rows,
      inFeatures,
      outFeatures,
      activation,
    });
  }

  embeddingSum(
    out: Storage,
    tables: readonly EmbeddingTable[],
    ids: readonly Int32Array[],
    dims: EmbeddingDims,
  ): void {
    this.#kernels.embeddingSum(dataOf(out), tables.map(tableOf), ids, dims);
  }

  layerNorm(out: Storage, x: Storage, weight: Storage, bias: Storage, dims: LayerNormDims): void {
    this.#kernels.layerNorm(dataOf(out), dataOf(x), dataOf(weight), dataOf(bias), dims);
  }

  attention(
    out: Storage,
    q: Storage,
    k: Storage,
    v: Storage,
    offsets: Int32Array,
    relativeBias: Storage | null,
    dims: AttentionDims,
  ): void {
    this.#kernels.attention(
      dataOf(out),
      dataOf(q),
      dataOf(k),
      dataOf(v),
      offsets,
      optional(relativeBias),
      dims,
    );
  }

  activation(out: Storage, x: Storage, activation: ActivationName, length: number): void {
    this.#kernels.activation(dataOf(out), dataOf(x), activation, length);
  }

  add(out: Storage, a: Storage, b: Storage, length: number): void {
    this.#kernels.add(dataOf(out), dataOf(a), dataOf(b), length);
  }

  pool(out: Storage, x: Storage, sequences: PooledSequences, dims: PoolDims): void {
    this.#kernels.pool(dataOf(out), dataOf(x), sequences, dims);
  }

  normalizeRows(out: Storage, x: Storage, dims: RowDims): void {
    this.#kernels.normalizeRows(dataOf(out), dataOf(x), dims);
  }

  async settle(): Promise<void> {}

  dispose(): void {
    this.#disposed = true;
    this.#free.clear();
  }
}

function optional(storage: Storage | null): Float32Array | null {
  return storage === null ? null : dataOf(storage);
}
