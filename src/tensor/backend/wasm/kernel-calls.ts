/**
 * From the contract's calls to the calls of the module's functions: the same whether they are made at once or recorded
 * for a worker.
 */
import type { EmbeddingTable, PackedMatrix, Storage } from "../../handles.ts";
import {
  type AnyKernel,
  choiceNumbers,
  ELEMENT_BYTES,
  type KernelDeclaration,
  type Operand,
} from "../../kernel.ts";
import { KERNEL_NAMES, type Kernels, makeKernels } from "../../kernel-table.ts";
import type { RowGatherer, TablePlace } from "./handles.ts";
import type { WasmKernel } from "./kernels/kernel.ts";
import { WASM_KERNELS } from "./kernels/kernels.ts";
import type { Tile } from "./kernels/tile.ts";

/** Where calls are made or recorded. */
export interface KernelHost {
  /** Where a storage lies. @throws ArgumentError for one of another backend, and for one that was given back. */
  address(storage: Storage): number;

  matrixAddress(matrix: PackedMatrix): number;

  tablePlace(table: EmbeddingTable): TablePlace;

  /**
   * Memory for one kernel call: `inputs` bytes that `writeInputs` fills, and `scratch` bytes that the kernel uses.
   * The next call may get the same memory.
   */
  reserve(inputs: number, scratch: number): { readonly inputs: number; readonly scratch: number };

  writeInputs(address: number, values: Int32Array | Float32Array): void;

  /** Writes an address, which may have to be translated, as an i32. */
  writePointer(address: number, pointer: number): void;

  /**
   * A kernel by its number, with what its `parameters` say. `work`: its multiplications, as the table counts them.
   * `args` is to be copied at once: the next call of the kernel overwrites it.
   */
  call(kernel: number, args: readonly number[], work: number): void;
}

/** The kernels of the contract. */
export function createKernelCalls(host: KernelHost, tile: Tile): Kernels {
  return makeKernels((name, declaration) => createCall(host, tile, WASM_KERNELS[name], declaration));
}

/** Where an operand's address comes from. */
const [STORAGE, MATRIX, INPUT] = [0, 1, 2];

const NOTHING: readonly never[] = [];

/**
 * What can be known before a call is found out here, once: passing on attention takes 1 µs, and took 3.5 µs with maps by
 * the operands' names (2026-11-28, Node 20).
 */
function createCall(
  host: KernelHost,
  tile: Tile,
  { name, derive, extras }: WasmKernel,
  declaration: KernelDeclaration,
): AnyKernel {
  const { operands, dims, inOrder, work } = declaration;
  const kernel = KERNEL_NAMES.indexOf(name);
  const addresses = operands.map(({ kind }) =>
    kind === "matrix" ? MATRIX : kind === "storage" || kind === "vector" ? STORAGE : INPUT,
  );
  const dimNames = Object.keys(dims);
  const choices = Object.values(dims).map((kind) => (typeof kind === "string" ? null : choiceNumbers(kind)));
  const factors = work?.map((dim) => operands.length + dimNames.indexOf(dim)) ?? [];
  const hasInputs = addresses.includes(INPUT);
  const hasTables = operands.some(({ kind }) => kind === "table");
  const scratch = extras.indexOf("scratch");
  const firstExtra = operands.length + choices.length;
  const args = new Array<number>(firstExtra + extras.length).fill(0);
  return (given, givenDims) => {
    const values = inOrder(given, givenDims);
    const derived = derive === null ? NOTHING : derive(given, givenDims, tile);
    const inputs = hasInputs ? layOutInputs(operands, values, hasTables ? host : null) : null;
    const memory =
      hasInputs || scratch !== -1
        ? host.reserve(inputs?.bytes ?? 0, scratch === -1 ? 0 : derived[scratch]!)
        : null;
    if (inputs !== null) writeInputs(inputs, memory!.inputs, host);

    for (let i = 0; i < operands.length; i++) {
      const value = values[i];
      if (addresses[i] === INPUT) args[i] = memory!.inputs + inputs!.offsets[i]!;
      else if (value === null) args[i] = 0;
      else if (addresses[i] === MATRIX) args[i] = host.matrixAddress(value as PackedMatrix);
      else args[i] = host.address(value as Storage);
    }
    for (let i = 0; i < choices.length; i++) {
      const numbers = choices[i]!;
      const value = values[operands.length + i];
      args[operands.length + i] = numbers === null ? (value as number) : numbers.get(value as string | null)!;
    }
    for (let i = 0; i < extras.length; i++) {
      args[firstExtra + i] = i === scratch ? memory!.scratch : derived[i]!;
    }
    host.call(kernel, args, multiplications(args, factors));
  };
}

/** The product of some arguments; 0 of none. */
function multiplications(args: readonly number[], factors: readonly number[]): number {
  let product = factors.length === 0 ? 0 : 1;
  for (const factor of factors) product *= args[factor]!;
  return product;
}

/** What is written for a call before it is made, one part after the other. */
interface Inputs {
  bytes: number;
  /** Where an operand's part begins, by its place among the operands. */
  readonly offsets: number[];
  readonly parts: (Int32Array | Float32Array)[];
  /** Where each of `parts` begins. */
  readonly starts: number[];
  pointers: readonly Pointer[];
}

/** An address that is written at `at`. */
interface Pointer {
  readonly at: number;
  /** In linear memory, or among the inputs. */
  readonly to: number;
  readonly isInside: boolean;
}

/** @param tables knows where tables lie; null: the kernel has none */
function layOutInputs(
  operands: readonly Operand[],
  values: readonly unknown[],
  tables: KernelHost | null,
): Inputs {
  const inputs: Inputs = { bytes: 0, offsets: [], parts: [], starts: [], pointers: NOTHING };
  const written = tables === null ? values : layOutTables(inputs, operands, values, tables);
  for (let i = 0; i < operands.length; i++) {
    const { kind, list } = operands[i]!;
    if (kind !== "integers") continue;
    const integers = written[i];
    const part = list === true ? joined(integers as readonly Int32Array[]) : (integers as Int32Array);
    inputs.offsets[i] = addPart(inputs, part);
  }
  return inputs;
}

/** The same values, but for ids of tables outside: their rows are among the inputs, in the order in which they are wanted. */
function layOutTables(
  inputs: Inputs,
  operands: readonly Operand[],
  values: readonly unknown[],
  host: KernelHost,
): readonly unknown[] {
  const written = [...values];
  const pointers: Pointer[] = [];
  for (const [i, { kind, list, rowsBy }] of operands.entries()) {
    if (kind !== "table") continue;
    const tables = (list === true ? values[i] : [values[i]]) as readonly EmbeddingTable[];
    const idsOperand = operands.findIndex(({ name }) => name === rowsBy);
    const ids = values[idsOperand] as readonly Int32Array[];
    const at = inputs.bytes;
    inputs.offsets[i] = at;
    inputs.bytes += ELEMENT_BYTES * tables.length;
    written[idsOperand] = tables.map((table, t) => {
      const place = host.tablePlace(table);
      const isInside = typeof place === "number";
      const to = isInside ? place : addPart(inputs, gatherRows(place, ids[t]!, table.width));
      pointers.push({ at: at + ELEMENT_BYTES * t, to, isInside });
      return isInside ? ids[t]! : ids[t]!.map((_, row) => row);
    });
  }
  inputs.pointers = pointers;
  return written;
}

/** Returns where it begins. */
function addPart(inputs: Inputs, part: Int32Array | Float32Array): number {
  const start = inputs.bytes;
  inputs.parts.push(part);
  inputs.starts.push(start);
  inputs.bytes += part.byteLength;
  return start;
}

function writeInputs({ parts, starts, pointers }: Inputs, address: number, host: KernelHost): void {
  for (let i = 0; i < parts.length; i++) host.writeInputs(address + starts[i]!, parts[i]!);
  for (const { at, to, isInside } of pointers) {
    host.writePointer(address + at, isInside ? to : address + to);
  }
}

function joined(lists: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(lists.reduce((length, list) => length + list.length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}

function gatherRows(table: Float32Array | RowGatherer, ids: Int32Array, width: number): Float32Array {
  if (!(table instanceof Float32Array)) return table.gather(ids);
  const rows = new Float32Array(ids.length * width);
  for (const [row, id] of ids.entries()) rows.set(table.subarray(id * width, (id + 1) * width), row * width);
  return rows;
}
