import { AssemblyError } from "./error.ts";

/** What a kernel computes with. References (`funcref`, `externref`) never reach the operand stack here. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** Core specification 5.3.1 and 5.3.2. */
export const valueTypeCodes: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/**
 * What a runtime may lack. Whatever else the tables hold (sign extension, saturating truncation,
 * multi-value, mutable globals) came to every engine before `simd` did.
 */
export type Feature = "bulk-memory" | "relaxed-simd" | "simd" | "threads";

/** Parameter names and their types, in order: the keys become the names of locals. */
export type Parameters = Readonly<Record<string, ValueType>>;

export interface Signature<
  P extends Parameters = Parameters,
  R extends readonly ValueType[] = readonly ValueType[],
> {
  readonly parameters: P;
  readonly results: R;
}

/** What a block takes from the stack and leaves on it; nothing by default. */
export interface BlockType {
  readonly parameters?: readonly ValueType[];
  readonly results?: readonly ValueType[];
}

/** Sizes of a memory in pages of 64 KiB, or of a table in elements. */
export interface Limits {
  readonly initial: number;
  readonly maximum?: number;
}

export interface MemoryType extends Limits {
  /** Shared between threads; then `maximum` is required. */
  readonly shared?: boolean;
}

/** The address immediate of loads and stores. */
export interface Memarg {
  /** Bytes added to the address operand: 0 … 2³² − 1. */
  readonly offset?: number;
  /** Promised alignment in bytes; the access's own width by default, which is also the most allowed. */
  readonly align?: number;
}

/** `[i32 v128]`, as messages and the text dump write a list of types. */
export function formatTypes(types: readonly string[]): string {
  return `[${types.join(" ")}]`;
}

// Names appear in the text dump as they are, so they keep to its identifier characters (core
// specification 6.3.5).
export const identifierPattern = /^[\w!#$%&'*+\-./:<=>?@\\^`|~]+$/;

/** Refuses a name that the text format could not write after `$`. */
export function checkName(what: string, name: string): void {
  if (!identifierPattern.test(name)) {
    throw new AssemblyError(
      `${what}: expected letters, digits and !#$%&'*+-./:<=>?@\\^_\`|~, found "${name}"`,
    );
  }
}
