import type { KernelName } from "../../../kernel-table.ts";
import { activation } from "./activation.ts";
import { add } from "./add.ts";
import { attention } from "./attention.ts";
import { embeddingSum } from "./embedding-sum.ts";
import type { WasmKernel } from "./kernel.ts";
import { layerNorm } from "./layer-norm.ts";
import { linear } from "./linear.ts";
import { normalizeRows } from "./normalize-rows.ts";
import { pool } from "./pool.ts";

export const WASM_KERNELS: Readonly<Record<KernelName, WasmKernel>> = {
  linear,
  embeddingSum,
  layerNorm,
  attention,
  activation,
  add,
  pool,
  normalizeRows,
};
