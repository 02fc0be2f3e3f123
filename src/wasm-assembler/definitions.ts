import type { Feature, MemoryType, Parameters, Signature, ValueType } from "./types.ts";

/** What the code of a function needs to know of its module. */
export interface ModuleContext {
  readonly hasMemory: boolean;
  /** The index of a function type, which is added if it is new. */
  typeIndex(parameters: readonly ValueType[], results: readonly ValueType[]): number;
  /** Notes that the module cannot be compiled without this feature. */
  require(feature: Feature): void;
}

/** A function of a module, defined or imported. */
export interface WasmFunction<
  P extends Parameters = Parameters,
  R extends readonly ValueType[] = readonly ValueType[],
> extends Signature<P, R> {
  readonly kind: "function";
  readonly module: ModuleContext;
  readonly index: number;
  readonly name: string;
}

/** The one memory of a module. */
export interface WasmMemory extends MemoryType {
  readonly kind: "memory";
  readonly module: ModuleContext;
  readonly index: number;
}

/** A table of functions, for `call_indirect`. */
export interface WasmTable {
  readonly kind: "table";
  readonly module: ModuleContext;
  readonly index: number;
}

/** Bytes that `memory.init` copies into the memory. */
export interface DataSegment {
  readonly kind: "data segment";
  readonly module: ModuleContext;
  readonly index: number;
}
