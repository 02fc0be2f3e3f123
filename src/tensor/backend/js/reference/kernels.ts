import type { JsKernels } from "../kernels.ts";
import * as kernels from "./index.ts";

/** The naive kernels, against which all others are tested: clarity comes before speed here. */
export const REFERENCE_KERNELS: JsKernels = {
  packRows: (matrix, rows, firstRow, { inFeatures }) => matrix.set(rows, firstRow * inFeatures),
  ...kernels,
};
