/** A kernel of the table as a function of the module. */
import type { FunctionBuilder, ParameterLocals, Parameters } from "../../../../wasm-assembler/index.ts";
import type { AnyDims, AnyOperands, DimsOf, KernelDeclaration, OperandsOf } from "../../../kernel.ts";
import { KERNELS, type KernelName } from "../../../kernel-table.ts";
import type { KernelContext } from "./context.ts";
import type { Tile } from "./tile.ts";

/**
 * Addresses of the operands (0: null), then the dims, then what the function wants besides. A list of integers is one
 * array of all, tables are an array of their addresses.
 */
type ParametersOf<D extends KernelDeclaration, Extras extends Parameters> = {
  readonly [O in D["operands"][number] as O["name"]]: "i32";
} & {
  readonly [Name in keyof D["dims"]]: D["dims"][Name] extends "f32" | "f64" ? D["dims"][Name] : "i32";
} & Extras;

/** Values of the extras; and of dims that the function takes in another way. `scratch`: bytes, of which it gets the address. */
export type Derived = Readonly<Record<string, number>>;

export interface WasmKernel {
  readonly name: KernelName;
  readonly parameters: Parameters;
  readonly extras: readonly string[];
  /** null: it takes what the table says. */
  readonly derive: ((operands: AnyOperands, dims: AnyDims, tile: Tile) => Derived) | null;
  readonly define: (context: KernelContext) => void;
}

interface Definition<D extends KernelDeclaration, Extras extends Parameters> {
  /** What the function wants besides, in this order. */
  readonly extras?: Extras;
  readonly derive?: (
    operands: OperandsOf<D>,
    dims: DimsOf<D>,
    tile: Tile,
  ) => Readonly<Record<keyof Extras & string, number>> & Derived;
  /** Functions that it calls are defined first; then the result writes its body. */
  readonly define: (
    context: KernelContext,
  ) => (f: FunctionBuilder, parameters: ParameterLocals<ParametersOf<D, Extras>>) => void;
}

export function wasmKernel<K extends KernelName, const Extras extends Parameters = Record<never, never>>(
  name: K,
  { extras, derive, define }: Definition<(typeof KERNELS)[K], Extras>,
): WasmKernel {
  const parameters = parametersOf(KERNELS[name], extras);
  return {
    name,
    parameters,
    extras: Object.keys(extras ?? {}),
    derive: (derive as WasmKernel["derive"]) ?? null,
    define: (context) => {
      const body = define(context) as (f: FunctionBuilder, locals: ParameterLocals<Parameters>) => void;
      const { module } = context;
      module.export(name, module.function(kebabCase(name), { parameters, results: [] }, body));
    },
  };
}

/** What a function for this kernel takes. */
export function parametersOf({ operands, dims }: KernelDeclaration, extras: Parameters = {}): Parameters {
  return {
    ...Object.fromEntries(operands.map(({ name }) => [name, "i32"] as const)),
    ...Object.fromEntries(
      Object.entries(dims).map(
        ([name, kind]) => [name, kind === "f32" || kind === "f64" ? kind : "i32"] as const,
      ),
    ),
    ...extras,
  };
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
