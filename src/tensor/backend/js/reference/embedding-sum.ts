import type { KernelDims } from "../../../kernel-table.ts";

/** Reference embedding: the rows that `ids` name, one from each table, summed. */
export function embeddingSum(
  out: Float32Array, // [rows, width]
  tables: readonly Float32Array[], // each [any, width]
  ids: readonly Int32Array[], // each [rows]
  { rows, width }: KernelDims<"embeddingSum">,
): void {
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (const [index, table] of tables.entries()) sum += table[ids[index]![row]! * width + i]!;
      out[row * width + i] = sum;
    }
  }
}
