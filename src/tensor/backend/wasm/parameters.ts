import { UnsupportedError } from "../../../errors.ts";
import type {
  EmbeddingTable,
  InPlaceRows,
  MatrixDType,
  PackedMatrix,
  Parameter,
  ParameterStore,
  Storage,
} from "../../backend.ts";
import { checkMatrixDType } from "../check-dtype.ts";
import { type TablePlace, WasmMatrix, WasmStorage, WasmTable } from "./handles.ts";
import type { KernelMemory } from "./kernel-memory.ts";
import type { KernelModule } from "./kernels/module.ts";
import { PanelRows } from "./panel-rows.ts";

/** Tables of more bytes lie outside of linear memory: a batch needs few of their rows. */
const MOST_TABLE_BYTES = 64 * 2 ** 20;

/** Weights on their way into panels are staged in portions of so many bytes. */
const STAGING_BYTES = 2 ** 20;

export interface WasmParameterSettings {
  /** Columns of a panel of weights. */
  readonly panelWidth: number;
  readonly isShared: boolean;
  readonly module: () => Pick<KernelModule, "pack" | "packInPlace">;
}

/** Matrices in panels, as the product reads them; tables and vectors as checkpoints store them. */
export class WasmParameters implements ParameterStore {
  readonly #memory: KernelMemory;
  readonly #settings: WasmParameterSettings;

  constructor(memory: KernelMemory, settings: WasmParameterSettings) {
    this.#memory = memory;
    this.#settings = settings;
  }

  createVector(length: number): Storage {
    const memory = this.#memory;
    return new WasmStorage(memory.memory, length, memory.allocate(4 * length));
  }

  createMatrix(outFeatures: number, inFeatures: number, dtype: MatrixDType): PackedMatrix {
    checkMatrixDType("wasm", dtype, ["float32"]);
    const memory = this.#memory;
    const { panelWidth } = this.#settings;
    const panels = Math.ceil(outFeatures / panelWidth);
    const length = panels * panelWidth * inFeatures;
    const address = memory.allocate(4 * length);
    // Columns that only fill up the last panel: their sums are never stored, but denormals would be slow.
    if (outFeatures % panelWidth > 0)
      memory.floats(address, length).fill(0, (panels - 1) * panelWidth * inFeatures);
    return new WasmMatrix(memory.memory, outFeatures, inFeatures, address);
  }

  createTable(rows: number, width: number): EmbeddingTable {
    return new WasmTable(this.#memory.memory, rows, width, this.#placeTable(rows * width));
  }

  rowsOf(matrix: PackedMatrix): EmbeddingTable {
    const { memory } = this.#memory;
    this.#memory.addressOfMatrix(matrix); // it is there, and ours
    const rows = new PanelRows(matrix as WasmMatrix, this.#settings.panelWidth);
    return new WasmTable(memory, matrix.outFeatures, matrix.inFeatures, rows);
  }

  #placeTable(length: number): TablePlace {
    if (4 * length <= MOST_TABLE_BYTES) {
      try {
        return this.#memory.allocate(4 * length);
      } catch (error) {
        if (!(error instanceof UnsupportedError)) throw error;
      }
    }
    return new Float32Array(
      this.#settings.isShared ? new SharedArrayBuffer(4 * length) : new ArrayBuffer(4 * length),
    );
  }

  write(parameter: Parameter, rows: Float32Array, firstRow: number): void {
    if (parameter instanceof WasmMatrix) this.#writeMatrix(parameter, rows, firstRow);
    else if (parameter instanceof WasmTable)
      this.#rowsOfTable(parameter).set(rows, firstRow * parameter.width);
    else this.#elementsOf(parameter as Storage).set(rows, firstRow);
  }

  #writeMatrix(matrix: PackedMatrix, rows: Float32Array, firstRow: number): void {
    const { inFeatures } = matrix;
    const memory = this.#memory;
    const address = memory.addressOfMatrix(matrix);
    const count = inFeatures === 0 ? 0 : rows.length / inFeatures;
    const most = Math.max(4, Math.floor(STAGING_BYTES / (16 * inFeatures)) * 4);
    for (let row = 0; row < count; row += most) {
      const portion = Math.min(most, count - row);
      const staging = memory.scratch(4 * portion * inFeatures);
      memory
        .floats(staging, portion * inFeatures)
        .set(rows.subarray(row * inFeatures, (row + portion) * inFeatures));
      this.#settings.module().pack({
        panels: address,
        x: staging,
        xStride: 4 * inFeatures,
        firstRow: firstRow + row,
        rows: portion,
        depth: inFeatures,
      });
    }
  }

  inPlace(parameter: Parameter): InPlaceRows | null {
    if (parameter instanceof WasmTable) {
      const place = this.#memory.placeOfTable(parameter);
      const isFixed = place instanceof Float32Array || (typeof place === "number" && this.#settings.isShared);
      return isFixed ? { memory: this.#rowsOfTable(parameter), take: null, unit: 1 } : null;
    }
    if (!(parameter instanceof WasmMatrix && this.#settings.isShared)) return null; // it moves when it grows
    const { outFeatures, inFeatures } = parameter;
    const { panelWidth, module } = this.#settings;
    const address = this.#memory.addressOfMatrix(parameter);
    return {
      memory: this.#memory.floats(address, outFeatures * inFeatures),
      take: (firstRow, rows) => {
        const scratch = this.#memory.scratch(4 * panelWidth * inFeatures);
        module().packInPlace({ panels: address, scratch, firstRow, rows, depth: inFeatures });
      },
      unit: panelWidth,
    };
  }

  free(parameter: Parameter): void {
    const memory = this.#memory;
    if (parameter instanceof WasmTable) {
      const place = memory.placeOfTable(parameter);
      if (typeof place === "number") memory.free(place);
      parameter.place = null;
    } else if (parameter instanceof WasmMatrix) {
      memory.free(memory.addressOfMatrix(parameter));
      parameter.address = null;
    } else {
      memory.free(memory.addressOf(parameter as Storage));
      (parameter as WasmStorage).address = null;
    }
  }

  #rowsOfTable(table: EmbeddingTable): Float32Array {
    const place = this.#memory.placeOfTable(table);
    if (typeof place === "number") return this.#memory.floats(place, table.rows * table.width);
    if (place instanceof Float32Array) return place;
    throw new TypeError("wasm: these rows are those of a matrix, which is what has to be written");
  }

  #elementsOf(storage: Storage): Float32Array {
    return this.#memory.floats(this.#memory.addressOf(storage), storage.length);
  }
}
