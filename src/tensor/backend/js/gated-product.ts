import type { KernelDims } from "../../kernel-table.ts";
import { activate } from "./activation.ts";

/** out = activation(gate) · up; a row at a time is widened to f64. */
export function gatedProduct(
  out: Float32Array, // [rows, width]
  gate: Float32Array, // [rows, stride]
  up: Float32Array, // [rows, stride]
  { rows, width, stride, gateColumn, upColumn, activation }: KernelDims<"gatedProduct">,
): void {
  const values = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    const from = row * stride + gateColumn;
    for (let i = 0; i < width; i++) values[i] = gate[from + i]!;
    activate(activation, values, 0, width);

    const factor = row * stride + upColumn;
    const to = row * width;
    for (let i = 0; i < width; i++) out[to + i] = values[i]! * up[factor + i]!;
  }
}
