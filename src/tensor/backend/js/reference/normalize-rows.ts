import type { KernelDims } from "../../../kernel-table.ts";

/** The least that a row is divided by: a row of zeros stays zeros (torch.nn.functional.normalize). */
const MIN_NORM = 1e-12;

/** Reference normalization: each row divided by its Euclidean length. */
export function normalizeRows(
  out: Float32Array, // [rows, width]
  x: Float32Array, // [rows, width]
  { rows, width }: KernelDims<"normalizeRows">,
): void {
  for (let row = 0; row < rows; row++) {
    const start = row * width;

    let squares = 0;
    for (let i = 0; i < width; i++) squares += x[start + i]! ** 2;

    const divisor = Math.max(Math.sqrt(squares), MIN_NORM);
    for (let i = 0; i < width; i++) out[start + i] = x[start + i]! / divisor;
  }
}
