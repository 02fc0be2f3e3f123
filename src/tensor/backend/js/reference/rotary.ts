import type { KernelDims } from "../../../kernel-table.ts";

/**
 * Reference rotary embedding (arXiv 2104.09864) in the form that rotates the halves of a head: element i of the first
 * half and element i of the second are a point, which turns by the angle of its position and of i.
 */
export function rotary(
  out: Float32Array, // [rows, heads · headDim]
  x: Float32Array, // [rows, heads · headDim]
  cosines: Float32Array, // [any, headDim / 2]
  sines: Float32Array, // [any, headDim / 2]
  positions: Int32Array, // [rows]
  { rows, heads, headDim }: KernelDims<"rotary">,
): void {
  const half = headDim / 2;
  for (let row = 0; row < rows; row++) {
    const angle = positions[row]! * half;
    for (let head = 0; head < heads; head++) {
      const first = (row * heads + head) * headDim;
      for (let i = 0; i < half; i++) {
        const [cos, sin] = [cosines[angle + i]!, sines[angle + i]!];
        const [a, b] = [x[first + i]!, x[first + half + i]!];
        out[first + i] = a * cos - b * sin;
        out[first + half + i] = b * cos + a * sin;
      }
    }
  }
}
