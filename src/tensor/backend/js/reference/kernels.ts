import type { ArrayKernels } from "../../../kernel-table.ts";
import * as kernels from "./index.ts";

/** The naive kernels, against which all others are tested: clarity comes before speed here. */
export const REFERENCE_KERNELS: ArrayKernels = kernels;
