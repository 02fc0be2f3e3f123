/**
 * What follows the opcode in the byte code:
 *
 * - `i32`, `i64`, `f32`, `f64`, `v128`: a constant
 * - `memarg`: alignment and offset of a memory access
 * - `lane`: a lane number; `memarg lane`: an access to one lane; `lanes16`: the byte numbers of a shuffle
 * - `memory`, `memory memory`: the memory's index (there is one memory: 0); `data`, `data memory`: a data segment's
 * - `fence`: the reserved zero byte of `atomic.fence`
 * - the rest (`block`, `label`, `labels`, `function`, `type table`, `local`, `global`) belongs to the
 *   control and variable instructions
 */
export type ImmediateKind =
  | "none"
  | "i32"
  | "i64"
  | "f32"
  | "f64"
  | "v128"
  | "memarg"
  | "lane"
  | "memarg lane"
  | "lanes16"
  | "memory"
  | "memory memory"
  | "data"
  | "data memory"
  | "fence"
  | "block"
  | "label"
  | "labels"
  | "function"
  | "type table"
  | "local"
  | "global";

/**
 * One row of an opcode table: `[code, "operands -> results", immediate, extent]`. The code is the one
 * after the group's prefix. The signature is `*` where it depends on the context. The extent of a
 * memory access is its width in bytes (the natural alignment), that of a lane instruction the number of lanes.
 */
export type Entry = readonly [
  code: number,
  signature: `${string}->${string}` | "*",
  immediate?: ImmediateKind,
  extent?: number,
];

export type EntryTable = Readonly<Record<string, Entry>>;
