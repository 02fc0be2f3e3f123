import { ArgumentError } from "../../../errors.ts";
import type { RowGatherer, WasmMatrix } from "./handles.ts";

/** The rows of a matrix in panels, for a table that has no memory of its own. */
export class PanelRows implements RowGatherer {
  readonly #matrix: WasmMatrix;
  readonly #panelWidth: number;

  constructor(matrix: WasmMatrix, panelWidth: number) {
    this.#matrix = matrix;
    this.#panelWidth = panelWidth;
  }

  /** Copies of rows, one after the other: [ids, inFeatures]. @throws ArgumentError where the matrix has been freed */
  gather(ids: Int32Array): Float32Array {
    const { memory, address, inFeatures } = this.#matrix;
    if (address === null)
      throw new ArgumentError("wasm: the matrix of this table has been freed", { code: "disposed" });
    const width = this.#panelWidth;
    const panels = new Float32Array(memory.buffer, address);
    const rows = new Float32Array(ids.length * inFeatures);
    let to = 0;
    for (const id of ids) {
      const column = id % width;
      let from = (id - column) * inFeatures + column;
      for (let k = 0; k < inFeatures; k++, from += width) rows[to++] = panels[from]!;
    }
    return rows;
  }
}
