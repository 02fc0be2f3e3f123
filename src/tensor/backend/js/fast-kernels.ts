import { activation } from "./activation.ts";
import { attention } from "./attention.ts";
import { embeddingSum } from "./embedding-sum.ts";
import type { JsKernels } from "./kernels.ts";
import { linear } from "./linear.ts";
import { pool } from "./pool.ts";
import { REFERENCE_KERNELS } from "./reference/kernels.ts";

/**
 * The kernels that serve where WebAssembly may not be compiled. A weight matrix keeps the checkpoint's layout:
 * `linear` widens it to f64 block by block anyway. The kernels that are not named here do one pass over memory,
 * and the naive form is as fast as it gets.
 */
export const FAST_KERNELS: JsKernels = {
  ...REFERENCE_KERNELS,
  linear,
  embeddingSum,
  attention,
  activation,
  pool,
};
