import { ArgumentError, UnsupportedError } from "../../../errors.ts";
import type { Backend, EmbeddingTable, PackedMatrix, Storage } from "../../backend.ts";
import { type EngineFeatures, probeFeatures } from "./features.ts";
import { WasmMatrix, WasmStorage, WasmTable } from "./handles.ts";
import { Heap, MOST_PAGES } from "./heap.ts";
import { KernelCalls } from "./kernel-calls.ts";
import {
  assembleKernels,
  formatKernels,
  instantiateKernels,
  type KernelOptions,
  type Kernels,
} from "./kernels/module.ts";
import { panelWidth, type Tile } from "./kernels/tile.ts";
import { LinearMemory } from "./linear-memory.ts";
import { chooseTile, WIDE_TILE } from "./tiles.ts";
import { compileWideKernels } from "./wide-simd.ts";

/** Tables of more bytes lie outside of linear memory: a batch needs few of their rows. */
const MOST_TABLE_BYTES = 64 * 2 ** 20;

/** Weights on their way into panels are staged in portions of so many bytes. */
const STAGING_BYTES = 2 ** 20;

/** What instances of one module in several threads share. */
export interface WasmShare {
  readonly memory: WebAssembly.Memory;
  /** Always the same one. */
  readonly module: () => WebAssembly.Module;
  readonly features: EngineFeatures;
  readonly tile: Tile;
  readonly mostPages: number;
}

/**
 * The kernels are assembled when the first of them is called: until then a model is loaded by others.
 *
 * @throws UnsupportedError where this runtime cannot compile WebAssembly with SIMD.
 */
export function createWasmBackend(): WasmBackend {
  const features = supportedFeatures();
  const tile = chooseTile(features);
  const { memory, mostPages } = createMemory(features.sharedMemory);
  let compiled: WebAssembly.Module | undefined;
  const module = (): WebAssembly.Module => {
    compiled ??= new WebAssembly.Module(assembleKernels(kernelOptions(features, tile)));
    return compiled;
  };
  return new WasmBackend({ memory, module, features, tile, mostPages });
}

/**
 * The same with kernels of 256 bits, twice as fast where the engine can.
 *
 * @throws UnsupportedError where it cannot, or where they bring nothing
 */
export async function createWideWasmBackend(): Promise<WasmBackend> {
  const features = supportedFeatures();
  const module = await compileWideKernels(features);
  const { memory, mostPages } = createMemory(true);
  return new WasmBackend({ memory, module: () => module, features, tile: WIDE_TILE, mostPages });
}

function supportedFeatures(): EngineFeatures {
  if (typeof WebAssembly === "undefined")
    throw new UnsupportedError("wasm: this runtime has no WebAssembly", { code: "no-webassembly" });
  let features: EngineFeatures;
  try {
    features = probeFeatures();
  } catch (error) {
    throw new UnsupportedError(`wasm: this page or process cannot compile WebAssembly (${error})`, {
      code: "no-webassembly",
      cause: error,
    });
  }
  if (!features.simd)
    throw new UnsupportedError("wasm: this runtime has no SIMD", { code: "no-webassembly" });
  return features;
}

function kernelOptions({ relaxedMultiplyAdd, sharedMemory }: EngineFeatures, tile: Tile): KernelOptions {
  return { tile, relaxed: relaxedMultiplyAdd !== null, sharedMemory };
}

/** As large as the runtime lets it become; a shared one reserves its addresses at once. */
function createMemory(shared: boolean): { memory: WebAssembly.Memory; mostPages: number } {
  for (let mostPages = MOST_PAGES; ; mostPages >>= 1) {
    try {
      return { memory: new WebAssembly.Memory({ initial: 1, maximum: mostPages, shared }), mostPages };
    } catch (error) {
      if (mostPages < 1024) {
        throw new UnsupportedError("wasm: could not allocate memory", {
          code: "out-of-memory",
          cause: error,
        });
      }
    }
  }
}

/** SIMD kernels on one WebAssembly memory, made in this process; the work is done within the call. */
export class WasmBackend extends KernelCalls implements Backend {
  readonly name = "wasm";
  readonly description: string;
  readonly preferredBatchTokens = 256;
  readonly concurrency = 1;
  readonly share: WasmShare;
  readonly #heap: Heap;
  readonly #linear: LinearMemory;
  #instance: Kernels | undefined;
  #scratch = { address: 0, bytes: 0 };
  #disposed = false;

  constructor(share: WasmShare) {
    const { memory, features, tile, mostPages } = share;
    super(tile);
    this.share = share;
    this.description = describe(features, tile);
    this.#heap = new Heap(memory, mostPages);
    this.#linear = new LinearMemory(memory);
  }

  allocate(length: number): Storage {
    return new WasmStorage(this.#linear.memory, length, this.#allocate(4 * length));
  }

  createVector(length: number): Storage {
    return this.allocate(length);
  }

  free(storage: Storage): void {
    this.#heap.free(this.addressOf(storage));
    (storage as WasmStorage).address = null;
  }

  write(storage: Storage, values: Float32Array, start: number): void {
    const address = this.addressOf(storage);
    this.#floats(address, storage.length).set(values, start);
  }

  async read(storage: Storage, start: number, end: number): Promise<Float32Array> {
    return this.readSync(storage, start, end);
  }

  readSync(storage: Storage, start: number, end: number): Float32Array {
    return this.#floats(this.addressOf(storage), storage.length).slice(start, end);
  }

  createMatrix(outFeatures: number, inFeatures: number): PackedMatrix {
    const width = panelWidth(this.tile);
    const panels = Math.ceil(outFeatures / width);
    const length = panels * width * inFeatures;
    const address = this.#allocate(4 * length);
    // Columns that only fill up the last panel: their sums are never stored, but denormals would be slow.
    if (outFeatures % width > 0) this.#floats(address, length).fill(0, (panels - 1) * width * inFeatures);
    return new WasmMatrix(this.#linear.memory, outFeatures, inFeatures, address);
  }

  writeMatrix(matrix: PackedMatrix, rows: Float32Array, firstRow: number): void {
    const { inFeatures } = matrix;
    const address = this.addressOfMatrix(matrix);
    const count = inFeatures === 0 ? 0 : rows.length / inFeatures;
    const most = Math.max(4, Math.floor(STAGING_BYTES / (16 * inFeatures)) * 4);
    for (let row = 0; row < count; row += most) {
      const portion = Math.min(most, count - row);
      const staging = this.#reserve(4 * portion * inFeatures);
      this.#floats(staging, portion * inFeatures).set(
        rows.subarray(row * inFeatures, (row + portion) * inFeatures),
      );
      this.#kernels.pack(address, staging, 4 * inFeatures, firstRow + row, portion, inFeatures);
    }
  }

  matrixMemory(matrix: PackedMatrix): Float32Array | null {
    if (!this.share.features.sharedMemory) return null; // it moves when it grows
    return this.#floats(this.addressOfMatrix(matrix), matrix.outFeatures * matrix.inFeatures);
  }

  packMatrix(matrix: PackedMatrix, firstRow: number, rows: number): void {
    const scratch = this.#reserve(4 * panelWidth(this.tile) * matrix.inFeatures);
    this.#kernels.packInPlace(this.addressOfMatrix(matrix), scratch, firstRow, rows, matrix.inFeatures);
  }

  freeMatrix(matrix: PackedMatrix): void {
    this.#heap.free(this.addressOfMatrix(matrix));
    (matrix as WasmMatrix).address = null;
  }

  createTable(rows: number, width: number): EmbeddingTable {
    const { memory } = this.#linear;
    return new WasmTable(memory, rows, width, this.#placeTable(rows * width));
  }

  #placeTable(length: number): number | Float32Array {
    if (4 * length <= MOST_TABLE_BYTES) {
      try {
        return this.#allocate(4 * length);
      } catch (error) {
        if (!(error instanceof UnsupportedError)) throw error;
      }
    }
    return new Float32Array(
      this.share.features.sharedMemory ? new SharedArrayBuffer(4 * length) : new ArrayBuffer(4 * length),
    );
  }

  writeTable(table: EmbeddingTable, rows: Float32Array, firstRow: number): void {
    const place = this.placeOfTable(table);
    const start = firstRow * table.width;
    if (typeof place === "number") this.#floats(place, table.rows * table.width).set(rows, start);
    else place.set(rows, start);
  }

  tableMemory(table: EmbeddingTable): Float32Array | null {
    const place = this.placeOfTable(table);
    if (typeof place !== "number") return place;
    // Memory that is not shared moves when it grows.
    return this.share.features.sharedMemory ? this.#floats(place, table.rows * table.width) : null;
  }

  freeTable(table: EmbeddingTable): void {
    const place = this.placeOfTable(table);
    if (typeof place === "number") this.#heap.free(place);
    (table as WasmTable).place = null;
  }

  dispose(): void {
    this.#disposed = true;
  }

  /** The kernels' code in WebAssembly's text format. */
  formatKernels(): string {
    return formatKernels(kernelOptions(this.share.features, this.tile));
  }

  /** Allocates memory for the thread pool. */
  reserveBlock(bytes: number): number {
    return this.#allocate(bytes);
  }

  freeBlock(address: number): void {
    this.#heap.free(address);
  }

  protected override address(storage: Storage): number {
    return this.addressOf(storage);
  }

  protected override matrixAddress(matrix: PackedMatrix): number {
    return this.addressOfMatrix(matrix);
  }

  protected override tablePlace(table: EmbeddingTable): number | Float32Array {
    return this.placeOfTable(table);
  }

  protected override reserve(inputs: number, scratch: number): { inputs: number; scratch: number } {
    const aligned = Math.ceil(inputs / 64) * 64;
    const address = this.#reserve(aligned + scratch);
    return { inputs: address, scratch: address + aligned };
  }

  protected override writeInputs(address: number, values: Int32Array | Float32Array): void {
    const end = address + values.byteLength;
    if (values instanceof Float32Array) this.#linear.floats(end).set(values, address / 4);
    else this.#linear.integers(end).set(values, address / 4);
  }

  protected override writePointer(address: number, pointer: number): void {
    this.#linear.integers(address + 4)[address / 4] = pointer;
  }

  protected override call(kernel: keyof Kernels, ...args: number[]): void {
    (this.#kernels[kernel] as (...args: number[]) => void)(...args);
  }

  get #kernels(): Kernels {
    this.#instance ??= instantiateKernels(this.share.module(), this.share.memory);
    return this.#instance;
  }

  #allocate(bytes: number): number {
    if (this.#disposed)
      throw new ArgumentError("wasm: the backend has been disposed of", { code: "disposed" });
    return this.#heap.allocate(bytes);
  }

  /** Memory for the next kernel, which the one after it overwrites. It only grows, so that calls allocate nothing. */
  #reserve(bytes: number): number {
    if (bytes > this.#scratch.bytes) {
      if (this.#scratch.bytes > 0) this.#heap.free(this.#scratch.address);
      this.#scratch = { address: 0, bytes: 0 };
      this.#scratch = { address: this.#allocate(bytes), bytes };
    }
    return this.#scratch.address;
  }

  #floats(address: number, length: number): Float32Array {
    return this.#linear.floats(address + 4 * length).subarray(address / 4, address / 4 + length);
  }

  // The ops do not check whether memory has been freed, or whose it is: a module of the caller's own may confuse them.

  addressOf(storage: Storage): number {
    this.#own(storage, storage instanceof WasmStorage ? storage.memory : null);
    return inUse((storage as WasmStorage).address);
  }

  addressOfMatrix(matrix: PackedMatrix): number {
    this.#own(matrix, matrix instanceof WasmMatrix ? matrix.memory : null);
    return inUse((matrix as WasmMatrix).address);
  }

  placeOfTable(table: EmbeddingTable): number | Float32Array {
    this.#own(table, table instanceof WasmTable ? table.memory : null);
    return inUse((table as WasmTable).place);
  }

  #own(_handle: unknown, memory: WebAssembly.Memory | null): void {
    if (memory !== this.#linear.memory)
      throw new ArgumentError("wasm: expected memory of this backend, got that of another one", {
        code: "backend-mismatch",
      });
  }
}

function inUse<T>(place: T | null): T {
  if (place === null) throw new ArgumentError("wasm: this memory has been freed", { code: "disposed" });
  return place;
}

function describe({ relaxedMultiplyAdd, sharedMemory }: EngineFeatures, { name }: Tile): string {
  const arithmetic =
    relaxedMultiplyAdd === null ? "SIMD" : `relaxed SIMD (${relaxedMultiplyAdd} multiply-add)`;
  return `wasm: ${arithmetic}, tile ${name}${sharedMemory ? ", shared memory" : ""}`;
}
