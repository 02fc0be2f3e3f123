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
type ParametersOf<D extends KernelDeclaration, Extra extends string> = {
  readonly [O in D["operands"][number] as O["name"]]: "i32";
} & {
  readonly [Name in keyof D["dims"]]: D["dims"][Name] extends "f32" | "f64" ? D["dims"][Name] : "i32";
} & { readonly [Name in Extra]: "i32" };

export interface WasmKernel {
  readonly name: KernelName;
  readonly parameters: Parameters;
  readonly extras: readonly string[];
  readonly derive: ((operands: AnyOperands, dims: AnyDims, tile: Tile) => readonly number[]) | null;
  readonly define: (context: KernelContext) => void;
}

interface Definition<D extends KernelDeclaration, Extras extends readonly string[]> {
  /** What the function wants besides. `scratch`: the bytes that it needs, of which it gets the address. */
  readonly extras?: Extras;
  /** The extras' values, in their order. */
  readonly derive?: (
    operands: OperandsOf<D>,
    dims: DimsOf<D>,
    tile: Tile,
  ) => { readonly [I in keyof Extras]: number };
  /** Functions that it calls are defined first; then the result writes its body. */
  readonly define: (
    context: KernelContext,
  ) => (f: FunctionBuilder, parameters: ParameterLocals<ParametersOf<D, Extras[number]>>) => void;
}

export function wasmKernel<K extends KernelName, const Extras extends readonly string[] = readonly []>(
  name: K,
  { extras, derive, define }: Definition<(typeof KERNELS)[K], Extras>,
): WasmKernel {
  const parameters = parametersOf(KERNELS[name], extras);
  return {
    name,
    parameters,
    extras: extras ?? [],
    derive: (derive as WasmKernel["derive"] | undefined) ?? null,
    define: (context) => {
      const body = define(context) as (f: FunctionBuilder, p: ParameterLocals<Parameters>) => void;
      const { module } = context;
      module.export(name, module.function(kebabCase(name), { parameters, results: [] }, body));
    },
  };
}

/** What a function for this kernel takes. */
export function parametersOf(
  { operands, dims }: KernelDeclaration,
  extras: readonly string[] = [],
): Parameters {
  return {
    ...Object.fromEntries(operands.map(({ name }) => [name, "i32"] as const)),
    ...Object.fromEntries(
      Object.entries(dims).map(
        ([name, kind]) => [name, kind === "f32" || kind === "f64" ? kind : "i32"] as const,
      ),
    ),
    ...Object.fromEntries(extras.map((name) => [name, "i32"] as const)),
  };
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
