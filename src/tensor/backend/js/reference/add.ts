import type { KernelDims } from "../../../kernel-table.ts";

/** Reference addition, element by element. */
export function add(
  out: Float32Array, // [length]
  a: Float32Array, // [length]
  b: Float32Array, // [length]
  { length }: KernelDims<"add">,
): void {
  for (let i = 0; i < length; i++) out[i] = a[i]! + b[i]!;
}
