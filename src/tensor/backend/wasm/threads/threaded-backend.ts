import { ArgumentError } from "../../../../errors.ts";
import type { Backend, Capabilities, ParameterStore, ReadPiece, Storage } from "../../../backend.ts";
import type { Kernels } from "../../../kernel-table.ts";
import { createKernelCalls, type KernelHost } from "../kernel-calls.ts";
import { isInExtension } from "../kernels/module.ts";
import type { WasmBackend } from "../wasm-backend.ts";
import { RecordedBatch } from "./batch.ts";
import { SCRATCH, WORKSPACE } from "./commands.ts";
import { threadKernels } from "./split.ts";
import type { SpawnThread } from "./thread.ts";
import { ThreadPool } from "./thread-pool.ts";

/** Intermediate results of a batch: a place in the workspace that its worker will have. */
class RecordedStorage implements Storage {
  readonly batch: RecordedBatch;
  readonly length: number;
  offset: number | null;

  constructor(batch: RecordedBatch, length: number, offset: number) {
    this.batch = batch;
    this.length = length;
    this.offset = offset;
  }
}

/**
 * A text of 28 tokens in MiniLM-L6: less than 0.1 s with kernels that have only just been compiled. To start workers
 * takes as long, and 12 ms of this thread each (2026-11-26, Node 24).
 */
const LOCAL_WORK = 3e8;

/**
 * The kernels of a `WasmBackend`, run by worker threads on its memory. Parameters are the inner backend's own; calls
 * on intermediate results are recorded, and run when somebody reads. This thread computes nothing, but for a little
 * work while no worker is ready.
 */
export class ThreadedWasmBackend implements Backend {
  readonly name = "wasm";
  readonly capabilities: Capabilities;
  readonly readSync = null;
  readonly lost = null;
  readonly parameters: ParameterStore;
  readonly kernels: Kernels;
  readonly #inner: WasmBackend;
  readonly #pool: ThreadPool;
  readonly #threads: number;
  /** What is being recorded: from the first storage that is allocated until the last one is given back. */
  #batch: RecordedBatch | null = null;
  readonly #waiting = new Set<RecordedBatch>();
  #dispatching = false;
  readonly #nextTurn: () => Promise<void>;

  /**
   * @param nextTurn resolves in a new turn of the event loop
   * @param localWork multiplications of matrices up to which work is done here while no worker is ready
   * @param spawn by default as the runtime starts threads
   */
  constructor(
    inner: WasmBackend,
    threads: number,
    nextTurn: () => Promise<void>,
    localWork: number = LOCAL_WORK,
    spawn?: SpawnThread,
  ) {
    const { share } = inner;
    const { memory, tile } = share;
    this.#inner = inner;
    this.parameters = inner.parameters;
    this.#threads = threads;
    this.capabilities = inner.capabilities;
    this.kernels = createKernelCalls(this.#host(), tile);
    this.#nextTurn = nextTurn;
    this.#pool = new ThreadPool(
      threads,
      {
        get module() {
          return share.module();
        },
        ...{ memory, kernels: threadKernels(tile) },
      },
      inner.memory,
      { localWork, nextTurn, spawn },
    );
  }

  get description(): string {
    const { size, problem } = this.#pool;
    const threads =
      problem === null
        ? `${size} threads`
        : `${size === 0 ? "this thread only" : `${size} of ${this.#threads} threads`} (a worker did not start: ${problem})`;
    return `${this.#inner.description}, ${threads}`;
  }

  /** One more than there are threads is recorded ahead, so that none of them waits. */
  get concurrency(): number {
    return this.#pool.size + 1;
  }

  allocate(length: number): Storage {
    this.#batch ??= new RecordedBatch();
    return new RecordedStorage(this.#batch, length, this.#batch.workspace.allocate(4 * length));
  }

  free(storage: Storage): void {
    if (!(storage instanceof RecordedStorage)) {
      this.#inner.free(storage);
      return;
    }
    const { batch } = storage;
    batch.workspace.free(offsetOf(storage));
    storage.offset = null;
    if (!batch.workspace.isEmpty) return;
    if (this.#batch === batch) this.#batch = null;
    if (!batch.hasReads) batch.takeWork(); // nobody wants what was recorded
    if (batch.running === 0 && !batch.hasReads && batch.region !== null) {
      this.#pool.release(batch.region);
      batch.region = null;
    }
  }

  write(storage: Storage, values: Float32Array, start: number): void {
    if (storage instanceof RecordedStorage) this.#writeInputs(this.#address(storage) + 4 * start, values);
    else this.#inner.write(storage, values, start);
  }

  read(storage: Storage, pieces: readonly ReadPiece[]): Promise<void> {
    if (!(storage instanceof RecordedStorage)) return this.#inner.read(storage, pieces);
    const { batch } = storage;
    const result = batch.read(offsetOf(storage), pieces);
    this.#waiting.add(batch);
    void this.#dispatchSoon();
    return result;
  }

  /** What is recorded and fails makes its reads reject. */
  async settle(): Promise<void> {}

  async dispose(): Promise<void> {
    const ended = this.#pool.dispose();
    this.#inner.dispose();
    await ended;
  }

  #host(): KernelHost {
    return {
      address: (storage) => this.#address(storage),
      matrixAddress: (matrix) => this.#inner.memory.addressOfMatrix(matrix),
      tablePlace: (table) => this.#inner.memory.placeOfTable(table),
      reserve: (inputs, scratch) => {
        const batch = this.#recording();
        batch.scratchBytes = Math.max(batch.scratchBytes, scratch);
        if (inputs === 0) return { inputs: 0, scratch: SCRATCH };
        // Commands run in order: what the next call puts there comes after this one is done.
        const offset = batch.workspace.allocate(inputs);
        batch.workspace.free(offset);
        return { inputs: WORKSPACE + offset, scratch: SCRATCH };
      },
      writeInputs: (address, values) => this.#writeInputs(address, values),
      writePointer: (address, pointer) => this.#recording().recorder.point(address, pointer),
      call: (kernel, args, work) => {
        const batch = this.#recording();
        if (isInExtension(kernel)) batch.extension = this.#inner.extensionModule;
        batch.recorder.call(kernel, args);
        batch.multiplications += work;
      },
    };
  }

  #address(storage: Storage): number {
    return storage instanceof RecordedStorage
      ? WORKSPACE + offsetOf(storage)
      : this.#inner.memory.addressOf(storage);
  }

  #writeInputs(address: number, values: Int32Array | Float32Array): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#recording().recorder.write(address, bytes);
  }

  #recording(): RecordedBatch {
    if (this.#batch === null)
      throw new TypeError("wasm: a kernel was called without a storage for its result");
    return this.#batch;
  }

  /**
   * Batches that are recorded in this turn of the event loop start together in the next, so that the pool sees
   * whether there is one of them or many.
   */
  async #dispatchSoon(): Promise<void> {
    if (this.#dispatching) return;
    this.#dispatching = true;
    await this.#nextTurn();
    this.#dispatching = false;
    for (const batch of this.#waiting) this.#pool.enqueue(batch.takeWork());
    this.#waiting.clear();
    this.#pool.dispatch();
  }
}

function offsetOf({ offset }: RecordedStorage): number {
  if (offset === null) throw new ArgumentError("wasm: this memory has been freed", { code: "disposed" });
  return offset;
}
