import type { KernelDims } from "../../../kernel-table.ts";

/** Reference root mean square normalization (arXiv 1910.07467), summed in f64. */
export function rmsNorm(
  out: Float32Array, // [rows, width]
  x: Float32Array, // [rows, width]
  weight: Float32Array, // [width]
  { rows, width, eps }: KernelDims<"rmsNorm">,
): void {
  for (let start = 0; start < rows * width; start += width) {
    let squares = 0;
    for (let i = 0; i < width; i++) squares += x[start + i]! ** 2;

    const scale = 1 / Math.sqrt(squares / width + eps); // eps belongs under the root
    for (let i = 0; i < width; i++) out[start + i] = x[start + i]! * scale * weight[i]!;
  }
}
