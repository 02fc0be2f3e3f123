import { formatModule, ModuleBuilder } from "../../../../wasm-assembler/index.ts";
import { defineActivation } from "./activation.ts";
import { defineAdd } from "./add.ts";
import { defineAttention } from "./attention.ts";
import { createContext } from "./context.ts";
import { defineEmbeddingSum } from "./embedding-sum.ts";
import { defineLayerNorm } from "./layer-norm.ts";
import { defineLinear } from "./linear.ts";
import { defineNormalizeRows } from "./normalize-rows.ts";
import { definePack, definePackInPlace } from "./pack.ts";
import { definePool } from "./pool.ts";
import { defineProduct } from "./product.ts";
import type { Tile } from "./tile.ts";

/** What the kernels' code depends on. */
export interface KernelOptions {
  readonly tile: Tile;
  /** Whether the engine has `f32x4.relaxed_madd`. */
  readonly relaxed: boolean;
  readonly sharedMemory: boolean;
}

type Pointer = number;

/** The module's functions; what they take is said where they are defined. */
export interface Kernels {
  readonly product: (
    a: Pointer,
    aStride: number,
    rows: number,
    panel: Pointer,
    depth: number,
    c: Pointer,
    cStride: number,
    accumulate: 0 | 1,
  ) => void;
  readonly pack: (
    panels: Pointer,
    x: Pointer,
    xStride: number,
    firstRow: number,
    rows: number,
    depth: number,
  ) => void;
  readonly packInPlace: (
    panels: Pointer,
    scratch: Pointer,
    firstRow: number,
    rows: number,
    depth: number,
  ) => void;
  readonly linear: (
    out: Pointer,
    x: Pointer,
    weight: Pointer,
    bias: Pointer,
    residual: Pointer,
    rows: number,
    depth: number,
    columns: number,
    code: number,
    blockRows: number,
    scratch: Pointer,
    stride: number,
    blockDepth: number,
  ) => void;
  readonly embeddingSum: (
    out: Pointer,
    tables: Pointer,
    ids: Pointer,
    count: number,
    rows: number,
    width: number,
  ) => void;
  readonly layerNorm: (
    out: Pointer,
    x: Pointer,
    weight: Pointer,
    bias: Pointer,
    rows: number,
    width: number,
    eps: number,
  ) => void;
  readonly attention: (
    out: Pointer,
    q: Pointer,
    k: Pointer,
    v: Pointer,
    offsets: Pointer,
    sequences: number,
    bias: Pointer,
    heads: number,
    headDim: number,
    scale: number,
    span: number,
    scratch: Pointer,
    stride: number,
  ) => void;
  readonly activation: (out: Pointer, x: Pointer, code: number, length: number) => void;
  readonly add: (out: Pointer, a: Pointer, b: Pointer, length: number) => void;
  readonly pool: (
    out: Pointer,
    x: Pointer,
    starts: Pointer,
    ends: Pointer,
    sequences: number,
    skip: number,
    code: number,
    width: number,
    outStride: number,
  ) => void;
  readonly normalizeRows: (out: Pointer, x: Pointer, rows: number, width: number) => void;
}

/** The module of all kernels. Names of locals cost time, and only people who read the text want them. */
export function assembleKernels(
  { tile, relaxed, sharedMemory }: KernelOptions,
  names: true | "functions" = "functions",
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder("sentensor");
  module.importMemory("sentensor", "memory", { initial: 1, maximum: 65536, shared: sharedMemory });
  const context = createContext(module, { tile, relaxed });
  const product = defineProduct(context);
  const activation = defineActivation(context);
  const pack = definePack(context);
  definePackInPlace(context, pack);
  defineLinear(context, product, activation);
  defineAttention(context, product, pack);
  defineEmbeddingSum(context);
  defineLayerNorm(context);
  defineAdd(context);
  definePool(context);
  defineNormalizeRows(context);
  context.constants.write(module);
  return module.build({ names }).bytes;
}

/** The module as text, for people. */
export function formatKernels(options: KernelOptions): string {
  return formatModule(assembleKernels(options, true));
}

/** The kernels at work on this memory, which must be one that the module was assembled for. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const instance = new WebAssembly.Instance(module, { sentensor: { memory } });
  return instance.exports as unknown as Kernels;
}
