import { ArgumentError } from "../../../errors.ts";
import type { Backend, ParameterStore, ReadPiece, Storage } from "../../backend.ts";
import type { AnyKernel, Operand, OperandKind } from "../../kernel.ts";
import { type ArrayKernels, type Kernels, makeKernels } from "../../kernel-table.ts";
import { CPU_CAPABILITIES } from "../cpu-capabilities.ts";
import { FAST_KERNELS } from "./fast-kernels.ts";
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
  readonly parameters: ParameterStore = new JsParameters();
  readonly kernels: Kernels;
  readonly #free = new FreeLists();
  #disposed = false;

  constructor(name: string, description: string, kernels: ArrayKernels) {
    this.name = name;
    this.description = description;
    this.kernels = makeKernels((name, { operands, inOrder }): AnyKernel => {
      const run = kernels[name] as (...args: unknown[]) => void;
      return (given, dims) => {
        const values = inOrder(given, dims);
        const args: unknown[] = [];
        for (let i = 0; i < operands.length; i++) args.push(arraysOf(operands[i]!, values[i]));
        args.push(dims);
        run(...args);
      };
    });
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

  async read(storage: Storage, pieces: readonly ReadPiece[]): Promise<void> {
    this.readSync(storage, pieces);
  }

  readSync(storage: Storage, pieces: readonly ReadPiece[]): void {
    const data = dataOf(storage);
    for (const { start, into } of pieces) into.set(data.subarray(start, start + into.length));
  }

  async settle(): Promise<void> {}

  dispose(): void {
    this.#disposed = true;
    this.#free.clear();
  }
}

const ARRAYS: Readonly<Record<OperandKind, (handle: never) => Float32Array | Int32Array>> = {
  storage: dataOf,
  vector: dataOf,
  matrix: matrixOf,
  table: tableOf,
  integers: (values: Int32Array) => values,
};

/** What a kernel reads and writes of an operand. */
function arraysOf({ kind, list }: Operand, given: unknown): unknown {
  if (given === null) return null;
  return list === true ? (given as never[]).map(ARRAYS[kind]) : ARRAYS[kind](given as never);
}
