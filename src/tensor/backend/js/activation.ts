import type { ActivationName, KernelDims } from "../../kernel-table.ts";
import { createGelu } from "./gelu.ts";

const GELU_TANH_FACTOR = -2 * Math.sqrt(2 / Math.PI);

/** Elements that are widened to f64 at a time. */
const CHUNK = 512;

/** out = activation(x), element by element; `out` may be `x`. */
export function activation(
  out: Float32Array, // [length]
  x: Float32Array, // [length]
  { activation: name, length }: KernelDims<"activation">,
): void {
  const values = new Float64Array(CHUNK);
  for (let start = 0; start < length; start += CHUNK) {
    const count = Math.min(CHUNK, length - start);
    for (let i = 0; i < count; i++) values[i] = x[start + i]!;
    activate(name, values, 0, count);
    for (let i = 0; i < count; i++) out[start + i] = values[i]!;
  }
}

/** In place, for elements start … end − 1. The formulas are those of `reference/activation.ts`. */
export function activate(name: ActivationName, values: Float64Array, start: number, end: number): void {
  switch (name) {
    case "gelu":
      gelu ??= createGelu();
      gelu(values, start, end);
      break;
    case "gelu_tanh":
      for (let i = start; i < end; i++) {
        const x = values[i]!;
        values[i] = x / (1 + Math.exp(GELU_TANH_FACTOR * (x + 0.044715 * x * x * x)));
      }
      break;
    case "relu":
      for (let i = start; i < end; i++) values[i] = Math.max(values[i]!, 0);
      break;
    case "silu":
      for (let i = start; i < end; i++) values[i] = values[i]! / (1 + Math.exp(-values[i]!));
      break;
    case "tanh":
      for (let i = start; i < end; i++) values[i] = Math.tanh(values[i]!);
      break;
    case "sigmoid":
      for (let i = start; i < end; i++) values[i] = 1 / (1 + Math.exp(-values[i]!));
      break;
  }
}

let gelu: ((values: Float64Array, start: number, end: number) => void) | undefined;
