import {
  f32x4,
  i32,
  type ModuleBuilder,
  type Operand,
  type WasmFunction,
} from "../../../../wasm-assembler/index.ts";
import { ConstantPool } from "./constants.ts";
import type { Tile } from "./tile.ts";
import type { Vector } from "./vector.ts";

/** What kernels are written with: they differ from engine to engine in this alone. */
export interface KernelContext {
  readonly module: ModuleBuilder;
  readonly tile: Tile;
  readonly constants: ConstantPool;

  /** The function that `define` makes: the first time, and the same one from then on. */
  readonly shared: <F>(define: (context: KernelContext) => F) => F;

  /** From now on this is what `define` makes: a function that is imported. */
  readonly provide: <F>(define: (context: KernelContext) => F, made: F) => void;

  /** a · b + c of four f32, rounded once or twice as the engine likes, but always alike. */
  readonly multiplyAdd: (a: Operand<"v128">, b: Operand<"v128">, c: Operand<"v128">) => Vector;

  /** storeTail(address, value, count): the first 1 … 3 of four f32, and nothing behind them. */
  readonly storeTail: WasmFunction<typeof STORE_TAIL_PARAMETERS, readonly []>;
}

const STORE_TAIL_PARAMETERS = { address: "i32", value: "v128", count: "i32" } as const;

export interface ContextOptions {
  readonly tile: Tile;
  /** Whether the engine knows `f32x4.relaxed_madd`. */
  readonly relaxed: boolean;
  /** Where the module's constants lie. */
  readonly constants: number;
}

export function createContext(
  module: ModuleBuilder,
  { tile, relaxed, constants }: ContextOptions,
): KernelContext {
  const storeTail = module.function(
    "store-tail",
    { parameters: STORE_TAIL_PARAMETERS, results: [] },
    (f, { address, value, count }) => {
      f.if(
        i32.and(count, 2),
        () => {
          f.v128.store64_lane(address, value, 0);
          f.if(i32.and(count, 1), () => f.v128.store32_lane(address, value, 2, 8));
        },
        () => f.v128.store32_lane(address, value, 0),
      );
    },
  );
  const functions = new Map<unknown, unknown>();
  const context: KernelContext = {
    module,
    tile,
    shared: <F>(define: (context: KernelContext) => F): F => {
      if (!functions.has(define)) functions.set(define, define(context));
      return functions.get(define) as F;
    },
    provide: (define, made) => {
      functions.set(define, made);
    },
    constants: new ConstantPool(constants),
    multiplyAdd: relaxed ? f32x4.relaxed_madd : (a, b, c) => f32x4.add(f32x4.mul(a, b), c),
    storeTail,
  };
  return context;
}
