import type { ActivationName, KernelDims } from "../../../kernel-table.ts";
import { erfc } from "./erf.ts";

/**
 * Reference activations, in f64. The sigmoid-like ones are written as x / (1 + e^(−…)), which loses no
 * digits where the function nears 0.
 */
export function activation(
  out: Float32Array, // [length]
  x: Float32Array, // [length]
  { activation: name, length }: KernelDims<"activation">,
): void {
  for (let i = 0; i < length; i++) out[i] = activate(name, x[i]!);
}

/** One value, neither rounded before nor after. */
export function activate(name: ActivationName, x: number): number {
  switch (name) {
    case "gelu": // x · Φ(x), arXiv 1606.08415
      return 0.5 * x * erfc(-x / Math.SQRT2);
    case "gelu_tanh": // 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))), with (1 + tanh u) / 2 = 1 / (1 + e^(−2u))
      return x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case "relu":
      return Math.max(x, 0);
    case "silu": // x · sigmoid(x)
      return x / (1 + Math.exp(-x));
    case "tanh":
      return Math.tanh(x);
    case "sigmoid":
      return 1 / (1 + Math.exp(-x));
  }
}
