import { formatModule, ModuleBuilder, type Parameters } from "../../../../wasm-assembler/index.ts";
import { KERNEL_NAMES, type KernelName } from "../../../kernel-table.ts";
import { defineActivation, importActivation } from "./activation.ts";
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

/** Kernels of a module by number; undefined for those of the other one. They take what their `parameters` say, in that order. */
export type KernelFunctions = readonly (KernelFunction | undefined)[];

/** The functions of the first module. */
export interface KernelModule {
  readonly kernels: KernelFunctions;
  readonly exports: WebAssembly.Exports;
  readonly product: Named<typeof PRODUCT_PARAMETERS>;
  readonly pack: Named<typeof PACK_PARAMETERS>;
  readonly packInPlace: Named<typeof PACK_IN_PLACE_PARAMETERS>;
}

/**
 * Kernels that no encoder of BERT's kind calls. They come in a module of their own, the extension, which is assembled
 * when one of them is called for the first time: in the first module they would make every start 12 % longer.
 */
const EXTENSION_KERNELS: ReadonlySet<KernelName> = new Set(["rmsNorm", "rotary", "gatedProduct"]);

const IN_EXTENSION = KERNEL_NAMES.map((name) => EXTENSION_KERNELS.has(name));

/** @param kernel its number */
export function isInExtension(kernel: number): boolean {
  return IN_EXTENSION[kernel]!;
}

/** Where constants lie. The memory's first page belongs to the two modules: no block begins at address 0. */
const CONSTANTS = 64;
const EXTENSION_CONSTANTS = 32768;

/** Names of locals cost time, and only people who read the text want them. */
type Names = true | "functions";

/** The module of all kernels but those of the extension. */
export function assembleKernels(
  { tile, relaxed, sharedMemory }: KernelOptions,
  names: Names = "functions",
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder("sentensor");
  module.importMemory("sentensor", "memory", { initial: 1, maximum: 65536, shared: sharedMemory });
  const context = createContext(module, { tile, relaxed, constants: CONSTANTS });
  module.export("product", context.shared(defineProduct));
  module.export("pack", context.shared(definePack));
  module.export("packInPlace", context.shared(definePackInPlace));
  for (const name of KERNEL_NAMES) if (!EXTENSION_KERNELS.has(name)) WASM_KERNELS[name].define(context);
  context.constants.write(module);
  return module.build({ names }).bytes;
}

/** The extension, which calls a function of the first module. */
export function assembleExtension(
  { tile, relaxed, sharedMemory }: KernelOptions,
  names: Names = "functions",
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder("sentensor-extension");
  module.importMemory("sentensor", "memory", { initial: 1, maximum: 65536, shared: sharedMemory });
  const activate = importActivation(module);
  const context = createContext(module, { tile, relaxed, constants: EXTENSION_CONSTANTS });
  context.provide(defineActivation, activate);
  for (const name of KERNEL_NAMES) if (EXTENSION_KERNELS.has(name)) WASM_KERNELS[name].define(context);
  context.constants.write(module);
  return module.build({ names }).bytes;
}

/** Both modules as text, for people. */
export function formatKernels(options: KernelOptions): string {
  return [assembleKernels, assembleExtension]
    .map((assemble) => formatModule(assemble(options, true)))
    .join("\n");
}

/** The kernels at work on this memory, which must be one that the module was assembled for. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelModule {
  const { exports } = new WebAssembly.Instance(module, { sentensor: { memory } });
  const functions = exports as Readonly<Record<string, KernelFunction>>;
  return {
    kernels: KERNEL_NAMES.map((name) => functions[name]),
    exports,
    product: byName(functions.product!, PRODUCT_PARAMETERS),
    pack: byName(functions.pack!, PACK_PARAMETERS),
    packInPlace: byName(functions.packInPlace!, PACK_IN_PLACE_PARAMETERS),
  };
}

/** The kernels of the extension by number, beside the first module in the same memory. */
export function instantiateExtension(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  first: KernelModule,
): KernelFunctions {
  const { exports } = new WebAssembly.Instance(module, { sentensor: { ...first.exports, memory } });
  return KERNEL_NAMES.map((name) => exports[name] as KernelFunction | undefined);
}

function byName<P extends Parameters>(run: KernelFunction, parameters: P): Named<P> {
  const names = Object.keys(parameters);
  return (args) => run(...names.map((name) => args[name]!));
}
