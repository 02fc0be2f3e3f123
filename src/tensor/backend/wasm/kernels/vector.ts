import type { Expression } from "../../../../wasm-assembler/index.ts";

/** Four f32, or whatever else kernels make of 16 bytes. */
export type Vector = Expression<"v128">;
