import { formatModule, ModuleBuilder, type Parameters } from "../../../../wasm-assembler/index.ts";
import { KERNEL_NAMES } from "../../../kernel-table.ts";
import { createContext } from "./context.ts";
import { WASM_KERNELS } from "./kernels.ts";
import { definePack, definePackInPlace, PACK_IN_PLACE_PARAMETERS, PACK_PARAMETERS } from "./pack.ts";
import { defineProduct, PRODUCT_PARAMETERS } from "./product.ts";
import type { Tile } from "./tile.ts";

/** What the kernels' code depends on. */
export interface KernelOptions {
  readonly tile: Tile;
  /** Whether the engine has `f32x4.relaxed_madd`. */
  readonly relaxed: boolean;
  readonly sharedMemory: boolean;
}

export type KernelFunction = (...args: readonly number[]) => void;

/** A function that takes its arguments by name. */
type Named<P extends Parameters> = (args: Readonly<Record<keyof P, number>>) => void;

/** The module's functions. Kernels take what their `parameters` say, in that order. */
export interface KernelModule {
  /** By number. */
  readonly kernels: readonly KernelFunction[];
  readonly product: Named<typeof PRODUCT_PARAMETERS>;
  readonly pack: Named<typeof PACK_PARAMETERS>;
  readonly packInPlace: Named<typeof PACK_IN_PLACE_PARAMETERS>;
}

/** The module of all kernels. Names of locals cost time, and only people who read the text want them. */
export function assembleKernels(
  { tile, relaxed, sharedMemory }: KernelOptions,
  names: true | "functions" = "functions",
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder("sentensor");
  module.importMemory("sentensor", "memory", { initial: 1, maximum: 65536, shared: sharedMemory });
  const context = createContext(module, { tile, relaxed });
  module.export("product", context.shared(defineProduct));
  module.export("pack", context.shared(definePack));
  module.export("packInPlace", context.shared(definePackInPlace));
  for (const name of KERNEL_NAMES) WASM_KERNELS[name].define(context);
  context.constants.write(module);
  return module.build({ names }).bytes;
}

/** The module as text, for people. */
export function formatKernels(options: KernelOptions): string {
  return formatModule(assembleKernels(options, true));
}

/** The kernels at work on this memory, which must be one that the module was assembled for. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelModule {
  const { exports } = new WebAssembly.Instance(module, { sentensor: { memory } });
  const functions = exports as Readonly<Record<string, KernelFunction>>;
  return {
    kernels: KERNEL_NAMES.map((name) => functions[name]!),
    product: byName(functions.product!, PRODUCT_PARAMETERS),
    pack: byName(functions.pack!, PACK_PARAMETERS),
    packInPlace: byName(functions.packInPlace!, PACK_IN_PLACE_PARAMETERS),
  };
}

function byName<P extends Parameters>(run: KernelFunction, parameters: P): Named<P> {
  const names = Object.keys(parameters);
  return (args) => run(...names.map((name) => args[name]!));
}
