import { ArgumentError } from "../../../errors.ts";
import type { EmbeddingTable, PackedMatrix, Storage } from "../../backend.ts";
import { type TablePlace, WasmMatrix, WasmStorage, WasmTable } from "./handles.ts";
import { Heap } from "./heap.ts";
import { LinearMemory } from "./linear-memory.ts";

/** The memory that kernels work on: its blocks, views of it, and the places that handles stand for. */
export class KernelMemory {
  readonly #heap: Heap;
  readonly #linear: LinearMemory;
  #scratch = { address: 0, bytes: 0 };
  #disposed = false;

  constructor(memory: WebAssembly.Memory, mostPages: number) {
    this.#heap = new Heap(memory, mostPages);
    this.#linear = new LinearMemory(memory);
  }

  /** What handles carry, to show whose they are. */
  get memory(): WebAssembly.Memory {
    return this.#linear.memory;
  }

  /** The address of a block. @throws UnsupportedError where there is no room. */
  allocate(bytes: number): number {
    if (this.#disposed)
      throw new ArgumentError("wasm: the backend has been disposed of", { code: "disposed" });
    return this.#heap.allocate(bytes);
  }

  free(address: number): void {
    this.#heap.free(address);
  }

  /** A block for the next kernel, which the one after it overwrites. It only grows, so that calls allocate nothing. */
  scratch(bytes: number): number {
    if (bytes > this.#scratch.bytes) {
      if (this.#scratch.bytes > 0) this.#heap.free(this.#scratch.address);
      this.#scratch = { address: 0, bytes: 0 };
      this.#scratch = { address: this.allocate(bytes), bytes };
    }
    return this.#scratch.address;
  }

  /** `length` elements from an address on. Not to be kept, unless the memory is shared: growth detaches it. */
  floats(address: number, length: number): Float32Array {
    return this.#linear.floats(address + 4 * length).subarray(address / 4, address / 4 + length);
  }

  integers(address: number, length: number): Int32Array {
    return this.#linear.integers(address + 4 * length).subarray(address / 4, address / 4 + length);
  }

  dispose(): void {
    this.#disposed = true;
  }

  // The ops do not check whether memory has been freed, or whose it is: a module of the caller's own may confuse them.

  addressOf(storage: Storage): number {
    this.#own(storage instanceof WasmStorage ? storage.memory : null);
    return inUse((storage as WasmStorage).address);
  }

  addressOfMatrix(matrix: PackedMatrix): number {
    this.#own(matrix instanceof WasmMatrix ? matrix.memory : null);
    return inUse((matrix as WasmMatrix).address);
  }

  placeOfTable(table: EmbeddingTable): TablePlace {
    this.#own(table instanceof WasmTable ? table.memory : null);
    return inUse((table as WasmTable).place);
  }

  #own(memory: WebAssembly.Memory | null): void {
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
