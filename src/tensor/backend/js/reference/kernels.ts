import type { JsKernels } from "../kernels.ts";
import { activation } from "./activation.ts";
import { add } from "./add.ts";
import { attention } from "./attention.ts";
import { embeddingSum } from "./embedding-sum.ts";
import { layerNorm } from "./layer-norm.ts";
import { linear } from "./linear.ts";
import { normalizeRows } from "./normalize-rows.ts";
import { pool } from "./pool.ts";

/** The naive kernels, against which all others are tested: clarity comes before speed here. */
export const REFERENCE_KERNELS: JsKernels = {
  packedLength: ({ outFeatures, inFeatures }) => outFeatures * inFeatures,
  packRows: (packed, rows, firstRow, { inFeatures }) => packed.set(rows, firstRow * inFeatures),
  linear,
  embeddingSum,
  layerNorm,
  attention,
  activation,
  add,
  pool,
  normalizeRows,
};
