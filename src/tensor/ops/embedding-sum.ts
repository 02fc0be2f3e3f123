import { ShapeError } from "../../errors.ts";
import type { Backend, EmbeddingTable } from "../backend.ts";
import { allocate } from "../scope.ts";
import type { Tensor } from "../tensor.ts";

/** One table to look up, and the row that each output row takes from it. */
export interface Lookup {
  /** What error messages call the ids: "token id", "position". */
  readonly what: string;
  readonly table: EmbeddingTable;
  readonly ids: Int32Array;
}

/** Row r of the result is the sum of row ids[r] of every table: [rows, width]. */
export function embeddingSum(backend: Backend, lookups: readonly Lookup[]): Tensor {
  const [first] = lookups;
  if (first === undefined) throw new ShapeError("embeddingSum: expected at least one table, got none");
  const { width } = first.table;
  const rows = first.ids.length;
  for (const { what, table, ids } of lookups) {
    if (table.width !== width || ids.length !== rows) {
      throw new ShapeError(
        `embeddingSum: expected ${what}s [${rows}] into rows of ${width}, got [${ids.length}] into rows of ${table.width}`,
      );
    }
    for (const id of ids) {
      if (id < 0 || id >= table.rows) {
        throw new ShapeError(`embeddingSum: expected a ${what} below ${table.rows}, got ${id}`, {
          code: "index-out-of-range",
        });
      }
    }
  }
  const out = allocate(backend, [rows, width]);
  backend.kernels.embeddingSum(
    {
      out: out.storage,
      tables: lookups.map((lookup) => lookup.table),
      ids: lookups.map((lookup) => lookup.ids),
    },
    { rows, width },
  );
  return out;
}
