import type { KernelDims } from "../../kernel-table.ts";

/** out[r] = Σ over i of tables[i][ids[i][r]], in f64 until the last rounding. */
export function embeddingSum(
  out: Float32Array, // [rows, width]
  tables: readonly Float32Array[], // each [any, width]
  ids: readonly Int32Array[], // each [rows]
  { rows, width }: KernelDims<"embeddingSum">,
): void {
  const sums = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let t = 0; t < tables.length; t++) {
      const table = tables[t]!;
      const start = ids[t]![row]! * width;
      for (let i = 0; i < width; i++) sums[i]! += table[start + i]!;
    }
    out.set(sums, row * width);
  }
}
