import type { Feature, ValueType } from "../types.ts";
import { atomics } from "./atomics.ts";
import { control } from "./control.ts";
import type { Entry, EntryTable, ImmediateKind } from "./entry.ts";
import { bulkMemory, memory } from "./memory.ts";
import { numeric, saturatingTruncation, signExtension } from "./numeric.ts";
import { relaxedSimd } from "./relaxed-simd.ts";
import { simdBits, simdFloat } from "./simd-float.ts";
import { simdInteger } from "./simd-integer.ts";
import { simdLanes, simdMemory } from "./simd-memory.ts";

/** One instruction of the tables, unfolded for the emitter. */
export interface Instruction {
  readonly name: string;
  /** 0xfc, 0xfd or 0xfe; 0 for none. */
  readonly prefix: number;
  /** Follows the prefix as an unsigned LEB128 number; alone it is one byte. */
  readonly code: number;
  /** In the order in which they are pushed. Empty where `contextual`. */
  readonly operands: readonly ValueType[];
  readonly results: readonly ValueType[];
  /** Its operands and results depend on where it stands (control, `drop`, `select`, variables). */
  readonly contextual: boolean;
  readonly immediate: ImmediateKind;
  /** Bytes that a memory access touches, or the number of lanes that a lane instruction chooses from. */
  readonly extent: number;
  readonly feature: Feature | undefined;
}

type Entries = typeof control &
  typeof memory &
  typeof bulkMemory &
  typeof numeric &
  typeof signExtension &
  typeof saturatingTruncation &
  typeof simdMemory &
  typeof simdLanes &
  typeof simdInteger &
  typeof simdBits &
  typeof simdFloat &
  typeof relaxedSimd &
  typeof atomics;

/** The name of an instruction, as in the specification's text format. */
export type InstructionName = keyof Entries;

type Words<S extends string> = S extends `${infer Word extends ValueType} ${infer Rest}`
  ? [Word, ...Words<Rest>]
  : S extends ValueType
    ? [S]
    : never;

/** `"i32 v128 ->"` gives `["i32", "v128"]`. */
export type OperandsOf<N extends InstructionName> = Entries[N][1] extends `${infer Operands} ->${string}`
  ? Words<Operands>
  : [];

/** `"i32 -> v128"` gives `["v128"]`. */
export type ResultsOf<N extends InstructionName> = Entries[N][1] extends `${string}-> ${infer Results}`
  ? Words<Results>
  : [];

export type ImmediateOf<N extends InstructionName> = Entries[N] extends readonly [
  number,
  string,
  infer Kind extends ImmediateKind,
  ...unknown[],
]
  ? Kind
  : "none";

/** The instructions whose operands and results the table states. */
export type FixedInstructionName = {
  [N in InstructionName]: Entries[N][1] extends "*" ? never : N;
}[InstructionName];

/** Every instruction by its name. */
export const instructions = unfold([
  [control, 0, undefined],
  [memory, 0, undefined],
  [numeric, 0, undefined],
  [signExtension, 0, undefined],
  [saturatingTruncation, 0xfc, undefined],
  [bulkMemory, 0xfc, "bulk-memory"],
  [simdMemory, 0xfd, "simd"],
  [simdLanes, 0xfd, "simd"],
  [simdInteger, 0xfd, "simd"],
  [simdBits, 0xfd, "simd"],
  [simdFloat, 0xfd, "simd"],
  [relaxedSimd, 0xfd, "relaxed-simd"],
  [atomics, 0xfe, "threads"],
]);

function unfold(
  groups: readonly (readonly [EntryTable, prefix: number, Feature | undefined])[],
): Readonly<Record<InstructionName, Instruction>> {
  const signatures = new Map<string, readonly [operands: ValueType[], results: ValueType[]]>();
  const all: Record<string, Instruction> = {};
  for (const [entries, prefix, feature] of groups) {
    for (const [name, [code, signature, immediate = "none", extent = 0]] of Object.entries<Entry>(entries)) {
      let types = signatures.get(signature);
      if (types === undefined) {
        types = parseSignature(signature);
        signatures.set(signature, types);
      }
      const [operands, results] = types;
      const contextual = signature === "*";
      all[name] = { name, prefix, code, operands, results, contextual, immediate, extent, feature };
    }
  }
  return all as Record<InstructionName, Instruction>;
}

function parseSignature(signature: string): readonly [operands: ValueType[], results: ValueType[]] {
  if (signature === "*") return [[], []];
  const [operands, results] = signature
    .split("->")
    .map((side) => side.split(" ").filter((word) => word !== ""));
  return [operands as ValueType[], results as ValueType[]];
}
