import type { Backend, PackedMatrix } from "../tensor/backend.ts";
import type { Steps } from "./steps.ts";

/** Rows on their way into a backend. */
export interface StagedRows {
  readonly count: number;
  /** Writes rows `start … end − 1` to the beginning of `target`, one after the other. */
  stage(target: Float32Array, start: number, end: number): void;
}

/** products[r · columns + c] = x[firstRow + r] · y[firstColumn + c] */
export interface ProductBlock {
  readonly products: Float32Array;
  readonly firstRow: number;
  readonly rows: number;
  readonly firstColumn: number;
  readonly columns: number;
}

/** Rows of y that are packed at a time: as many as the matrices of models have, which the kernels are made for. */
const BLOCK_COLUMNS = 1024;

/** And at most this many elements, for very long rows. */
const BLOCK_ELEMENTS = 2 ** 22;

/** x · yᵀ, block by block: first all rows of x with the first rows of y, and so on. Never the whole product. */
export function* productBlocks(
  x: StagedRows,
  y: StagedRows,
  dimension: number,
  backend: Backend,
  visit: (block: ProductBlock) => void,
): Steps<void> {
  const most = Math.max(1, Math.floor(BLOCK_ELEMENTS / dimension));
  const blockColumns = Math.min(y.count, BLOCK_COLUMNS, most);
  const columnStaging = new Float32Array(blockColumns * dimension);
  for (let firstColumn = 0; firstColumn < y.count; firstColumn += blockColumns) {
    const columns = Math.min(blockColumns, y.count - firstColumn);
    y.stage(columnStaging, firstColumn, firstColumn + columns);
    const matrix = backend.parameters.createMatrix(columns, dimension, "float32");
    try {
      backend.parameters.write(matrix, columnStaging.subarray(0, columns * dimension), 0);
      yield* rowBlocks(x, matrix, backend, (products, firstRow, rows) =>
        visit({ products, firstRow, rows, firstColumn, columns }),
      );
    } finally {
      backend.parameters.free(matrix);
    }
  }
}

function* rowBlocks(
  x: StagedRows,
  matrix: PackedMatrix,
  backend: Backend,
  visit: (products: Float32Array, firstRow: number, rows: number) => void,
): Steps<void> {
  const { inFeatures: dimension, outFeatures: columns } = matrix;
  const most = Math.max(1, Math.floor(BLOCK_ELEMENTS / dimension));
  const blockRows = Math.min(x.count, backend.capabilities.batchTokens, most);
  const staging = new Float32Array(blockRows * dimension);
  const input = backend.allocate(staging.length);
  const output = backend.allocate(blockRows * columns);
  try {
    for (let firstRow = 0; firstRow < x.count; firstRow += blockRows) {
      const rows = Math.min(blockRows, x.count - firstRow);
      x.stage(staging, firstRow, firstRow + rows);
      backend.write(input, staging.subarray(0, rows * dimension), 0);
      backend.kernels.linear(
        { out: output, x: input, weight: matrix, bias: null, residual: null },
        { rows, inFeatures: dimension, outFeatures: columns, activation: null },
      );
      visit(yield { backend, storage: output, length: rows * columns }, firstRow, rows);
    }
  } finally {
    backend.free(input);
    backend.free(output);
  }
}
