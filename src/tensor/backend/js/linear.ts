import type { KernelDims } from "../../kernel-table.ts";
import { activate } from "./activation.ts";
import { BLOCK_COLUMNS, BLOCK_ROWS, blockProduct } from "./block-product.ts";

/** activation(x · weightᵀ + bias) + residual, block by block; everything in f64 until the last rounding. */
export function linear(
  out: Float32Array, // [rows, outFeatures]
  x: Float32Array, // [rows, inFeatures]
  weight: Float32Array, // [outFeatures, inFeatures]
  bias: Float32Array | null, // [outFeatures]
  residual: Float32Array | null, // [rows, outFeatures]
  { rows, inFeatures, outFeatures, activation }: KernelDims<"linear">,
): void {
  const { sums, multiply } = blockProduct();
  for (let row = 0; row < rows; row += BLOCK_ROWS) {
    const blockRows = Math.min(BLOCK_ROWS, rows - row);
    for (let column = 0; column < outFeatures; column += BLOCK_COLUMNS) {
      const columns = Math.min(BLOCK_COLUMNS, outFeatures - column);
      multiply(
        { data: x, start: row * inFeatures, stride: inFeatures, step: 1 },
        { data: weight, start: column * inFeatures, stride: inFeatures, step: 1 },
        { rows: blockRows, columns, depth: inFeatures },
      );

      for (let r = 0; r < blockRows; r++) {
        const from = r * BLOCK_COLUMNS;
        const to = (row + r) * outFeatures + column;
        if (bias !== null) for (let c = 0; c < columns; c++) sums[from + c]! += bias[column + c]!;
        if (activation !== null) activate(activation, sums, from, from + columns);
        if (residual === null) for (let c = 0; c < columns; c++) out[to + c] = sums[from + c]!;
        else for (let c = 0; c < columns; c++) out[to + c] = sums[from + c]! + residual[to + c]!;
      }
    }
  }
}
