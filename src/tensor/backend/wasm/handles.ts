import type { EmbeddingTable, PackedMatrix, Storage } from "../../backend.ts";

/** A block of linear memory. `address` is null once the memory was given back. */
export class WasmStorage implements Storage {
  readonly memory: WebAssembly.Memory;
  readonly length: number;
  address: number | null;

  constructor(memory: WebAssembly.Memory, length: number, address: number) {
    this.memory = memory;
    this.length = length;
    this.address = address;
  }
}

/** Panels of columns, the last one filled up with zeros: [panels, inFeatures, panel width]. */
export class WasmMatrix implements PackedMatrix {
  readonly memory: WebAssembly.Memory;
  readonly outFeatures: number;
  readonly inFeatures: number;
  address: number | null;

  constructor(memory: WebAssembly.Memory, outFeatures: number, inFeatures: number, address: number) {
    this.memory = memory;
    this.outFeatures = outFeatures;
    this.inFeatures = inFeatures;
    this.address = address;
  }
}

/**
 * Rows inside linear memory, where kernels read them: an address; or outside, for large tables: an array; or those of
 * a matrix.
 */
export type TablePlace = number | Float32Array | RowGatherer;

export interface RowGatherer {
  /** Copies of rows, one after the other. */
  gather(ids: Int32Array): Float32Array;
}

export class WasmTable implements EmbeddingTable {
  readonly memory: WebAssembly.Memory;
  readonly rows: number;
  readonly width: number;
  place: TablePlace | null;

  constructor(memory: WebAssembly.Memory, rows: number, width: number, place: TablePlace) {
    this.memory = memory;
    this.rows = rows;
    this.width = width;
    this.place = place;
  }
}
