import type { KernelDims } from "../../../kernel-table.ts";
import { activate } from "./activation.ts";

/**
 * Reference linear layer: activation(x · weightᵀ + bias) + residual, one dot product after the other,
 * summed in f64 and rounded once at the end.
 */
export function linear(
  out: Float32Array, // [rows, outFeatures]
  x: Float32Array, // [rows, inFeatures]
  weight: Float32Array, // [outFeatures, inFeatures]
  bias: Float32Array | null, // [outFeatures]
  residual: Float32Array | null, // [rows, outFeatures]
  { rows, inFeatures, outFeatures, activation }: KernelDims<"linear">,
): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < outFeatures; column++) {
      let sum = 0;
      for (let i = 0; i < inFeatures; i++) {
        sum += x[row * inFeatures + i]! * weight[column * inFeatures + i]!;
      }
      if (bias !== null) sum += bias[column]!;

      const activated = activation === null ? sum : activate(activation, sum);
      const index = row * outFeatures + column;
      out[index] = residual === null ? activated : activated + residual[index]!;
    }
  }
}
