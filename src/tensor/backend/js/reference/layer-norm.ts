import type { KernelDims } from "../../../kernel-table.ts";

/** Reference layer normalization: the plain two-pass form of the paper (arXiv 1607.06450), summed in f64. */
export function layerNorm(
  out: Float32Array, // [rows, width]
  x: Float32Array, // [rows, width]
  weight: Float32Array, // [width]
  bias: Float32Array, // [width]
  { rows, width, eps }: KernelDims<"layerNorm">,
): void {
  for (let row = 0; row < rows; row++) {
    const start = row * width;

    let mean = 0;
    for (let i = 0; i < width; i++) mean += x[start + i]!;
    mean /= width;

    let variance = 0; // biased, as in the paper
    for (let i = 0; i < width; i++) variance += (x[start + i]! - mean) ** 2;
    variance /= width;

    const scale = 1 / Math.sqrt(variance + eps); // eps belongs under the root
    for (let i = 0; i < width; i++) {
      out[start + i] = (x[start + i]! - mean) * scale * weight[i]! + bias[i]!;
    }
  }
}
