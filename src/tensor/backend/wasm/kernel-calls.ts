/**
 * From the contract's calls to the calls of the module's functions: the same whether they are made at once or recorded
 * for a worker.
 */
import type { EmbeddingTable, PackedMatrix, Storage } from "../../handles.ts";
import {
  type AnyKernel,
  type AnyOperands,
  dimNumber,
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

  /** A kernel by its number, with what its `parameters` say. `work`: its multiplications, as the table counts them. */
  call(kernel: number, args: readonly number[], work: number): void;
}

/** The kernels of the contract. */
export function createKernelCalls(host: KernelHost, tile: Tile): Kernels {
  return makeKernels((name, declaration) => createCall(host, tile, WASM_KERNELS[name], declaration));
}

/** Where an operand's address comes from. */
const [STORAGE, MATRIX, INPUT] = [0, 1, 2];

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
  const dimKinds = Object.values(dims);
  const factors = work?.map((dim) => operands.length + dimNames.indexOf(dim)) ?? [];
  const hasInputs = operands.some(isInput);
  const scratch = extras.indexOf("scratch");
  return (given, givenDims) => {
    const values = inOrder(given, givenDims);
    const derived = derive === null ? [] : derive(given, givenDims, tile);
    const inputs = hasInputs ? layOutInputs(operands, given, host) : null;
    const memory =
      hasInputs || scratch !== -1
        ? host.reserve(inputs?.bytes ?? 0, scratch === -1 ? 0 : derived[scratch]!)
        : null;
    inputs?.write(memory!.inputs, host);

    const args: number[] = [];
    for (let i = 0; i < addresses.length; i++) {
      const value = values[i];
      if (addresses[i] === INPUT) args.push(memory!.inputs + inputs!.offsets.get(operands[i]!.name)!);
      else if (value === null) args.push(0);
      else if (addresses[i] === MATRIX) args.push(host.matrixAddress(value as PackedMatrix));
      else args.push(host.address(value as Storage));
    }
    for (let i = 0; i < dimKinds.length; i++) {
      args.push(dimNumber(dimKinds[i]!, values[operands.length + i] as number | string | null));
    }
    for (let i = 0; i < extras.length; i++) args.push(i === scratch ? memory!.scratch : derived[i]!);
    host.call(kernel, args, multiplications(args, factors));
  };
}

/** The product of some arguments; 0 of none. */
function multiplications(args: readonly number[], factors: readonly number[]): number {
  let product = factors.length === 0 ? 0 : 1;
  for (const factor of factors) product *= args[factor]!;
  return product;
}

/** Whether an operand is written for each call. */
function isInput({ kind }: Operand): boolean {
  return kind === "integers" || kind === "table";
}

/** What is written for a call before it is made, one part after the other. */
interface Inputs {
  readonly bytes: number;
  /** Where an operand's part begins. */
  readonly offsets: ReadonlyMap<string, number>;
  write(address: number, host: KernelHost): void;
}

function layOutInputs(operands: readonly Operand[], given: AnyOperands, host: KernelHost): Inputs {
  const offsets = new Map<string, number>();
  const values: { readonly at: number; readonly values: Int32Array | Float32Array }[] = [];
  const pointers: { readonly at: number; readonly to: number; readonly isInside: boolean }[] = [];
  let bytes = 0;
  const add = (part: Int32Array | Float32Array): number => {
    const at = bytes;
    values.push({ at, values: part });
    bytes += part.byteLength;
    return at;
  };

  const rows = new Map<string, readonly Int32Array[]>();
  for (const { name, kind, list, rowsBy } of operands) {
    if (kind !== "table") continue;
    const tables = (list === true ? given[name] : [given[name]]) as readonly EmbeddingTable[];
    const ids = given[rowsBy!] as readonly Int32Array[];
    const at = bytes;
    offsets.set(name, at);
    bytes += ELEMENT_BYTES * tables.length;
    // Rows of a table outside come one after the other, in the order in which they are wanted.
    const ownIds = tables.map((table, t) => {
      const place = host.tablePlace(table);
      const isInside = typeof place === "number";
      const to = isInside ? place : add(gatherRows(place, ids[t]!, table.width));
      pointers.push({ at: at + ELEMENT_BYTES * t, to, isInside });
      return isInside ? ids[t]! : ids[t]!.map((_, row) => row);
    });
    rows.set(rowsBy!, ownIds);
  }
  for (const { name, kind, list } of operands) {
    if (kind !== "integers") continue;
    const integers = rows.get(name) ?? given[name];
    offsets.set(
      name,
      add(list === true ? joined(integers as readonly Int32Array[]) : (integers as Int32Array)),
    );
  }
  return {
    bytes,
    offsets,
    write: (address, { writeInputs, writePointer }) => {
      for (const { at, values: part } of values) writeInputs(address + at, part);
      for (const { at, to, isInside } of pointers) writePointer(address + at, isInside ? to : address + to);
    },
  };
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
