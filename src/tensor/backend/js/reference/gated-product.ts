import type { KernelDims } from "../../../kernel-table.ts";
import { activate } from "./activation.ts";

/** Reference gated product (arXiv 2002.05202), in f64. */
export function gatedProduct(
  out: Float32Array, // [rows, width]
  gate: Float32Array, // [rows, stride]
  up: Float32Array, // [rows, stride]
  { rows, width, stride, gateColumn, upColumn, activation }: KernelDims<"gatedProduct">,
): void {
  for (let row = 0; row < rows; row++) {
    const start = row * stride;
    for (let i = 0; i < width; i++) {
      out[row * width + i] = activate(activation, gate[start + gateColumn + i]!) * up[start + upColumn + i]!;
    }
  }
}
