import type { KernelName } from "../../../kernel-table.ts";
import * as kernels from "./index.ts";
import type { WasmKernel } from "./kernel.ts";

export const WASM_KERNELS: Readonly<Record<KernelName, WasmKernel>> = kernels;
