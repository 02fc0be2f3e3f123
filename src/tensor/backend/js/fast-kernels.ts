import type { ArrayKernels } from "../../kernel-table.ts";
import * as kernels from "./index.ts";
import { REFERENCE_KERNELS } from "./reference/kernels.ts";

/**
 * The kernels that serve where WebAssembly may not be compiled. A weight matrix keeps the checkpoint's layout:
 * `linear` widens it to f64 block by block anyway. Kernels without a file in this folder do one pass over memory,
 * and the naive form is as fast as it gets.
 */
export const FAST_KERNELS: ArrayKernels = { ...REFERENCE_KERNELS, ...kernels };
