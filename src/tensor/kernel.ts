/**
 * How a kernel is declared, and what follows from a declaration: the types of its calls, the lengths of its operands,
 * and how a call is split. `kernel-table.ts` has the declarations.
 */
import type { EmbeddingTable, PackedMatrix, Storage } from "./handles.ts";

/**
 * storage: float32 memory from `allocate`. vector: the same for a parameter, from `createVector`.
 * matrix, table: parameters in a layout of the backend's own.
 * integers: an `Int32Array` of host memory, as token ids and boundaries are, which are made in JavaScript.
 */
export type OperandKind = "storage" | "vector" | "matrix" | "table" | "integers";

/** times · name + plus */
export interface LinearExtent {
  readonly times: number;
  readonly of: string;
  readonly plus: number;
}

/** The length of an axis: a dim, or another name, of which the length of the operand then tells the value. */
export type Extent = string | LinearExtent;

export interface Operand {
  readonly name: string;
  readonly kind: OperandKind;
  /** Row-major; a matrix may lie in panels, but has whole rows of it one after the other wherever a split may cut. */
  readonly shape: readonly Extent[];
  /** Of one element in memory; `ELEMENT_BYTES` without. */
  readonly elementBytes?: number;
  /** Whether it may be null. */
  readonly optional?: true;
  /** Whether it is several of one shape. */
  readonly list?: true;
  /** Whether the output may be this operand's memory. */
  readonly mayBeOut?: true;
  /** Of a table: the operand that says which of its rows are read. */
  readonly rowsBy?: string;
}

/** Float32 and int32. */
export const ELEMENT_BYTES = 4;

/** One of several names. Kernels that take numbers know each by its place in the list, from 1 on; null is 0. */
export interface Choice {
  readonly oneOf: readonly string[];
  readonly optional?: true;
}

/** f32 and f64: as what a kernel takes a number that need not be whole. */
export type DimKind = "integer" | "f32" | "f64" | Choice;

/**
 * How a call may be divided over threads, so that every element is computed as it would be by one thread. An operand
 * that has the axis begins later in each part, all others are the same.
 */
export interface Split {
  /** The dim that is cut. */
  readonly dim: string;
  /** It is cut at multiples of this; "panel": of the columns that the backend keeps together in its matrices. */
  readonly unit: number | "panel";
  /** An argument of functions that need to know where their part begins in the axis. */
  readonly first?: string;
}

export interface KernelDeclaration {
  /** In the order in which implementations take them. The first is the output. */
  readonly operands: readonly Operand[];
  /** In the order in which WebAssembly functions take them, after the operands. */
  readonly dims: Readonly<Record<string, DimKind>>;
  /**
   * What a call gives, operands and dims, in these orders. It follows from them; but to read properties by their names
   * is ten times as fast as by names in a list.
   */
  readonly inOrder: (operands: AnyOperands, dims: AnyDims) => readonly unknown[];
  /** null: one thread does all of it. */
  readonly split: Split | null;
  /** Dims whose product is the number of its multiplications, where these are most of a model's time. */
  readonly work?: readonly string[];
}

interface Handles {
  readonly storage: Storage;
  readonly vector: Storage;
  readonly matrix: PackedMatrix;
  readonly table: EmbeddingTable;
  readonly integers: Int32Array;
}

interface Arrays {
  readonly storage: Float32Array;
  readonly vector: Float32Array;
  readonly matrix: Float32Array;
  readonly table: Float32Array;
  readonly integers: Int32Array;
}

type Given<O extends Operand, As extends Record<OperandKind, unknown>> =
  | (O extends { readonly list: true } ? readonly As[O["kind"]][] : As[O["kind"]])
  | (O extends { readonly optional: true } ? null : never);

type DimValue<D> = D extends { readonly oneOf: readonly (infer Name)[] }
  ? Name | (D extends { readonly optional: true } ? null : never)
  : number;

/** The operands of a call, by name. */
export type OperandsOf<D extends KernelDeclaration> = {
  readonly [O in D["operands"][number] as O["name"]]: Given<O, Handles>;
};

/** The same as arrays. */
export type ArraysOf<D extends KernelDeclaration> = {
  readonly [O in D["operands"][number] as O["name"]]: Given<O, Arrays>;
};

export type DimsOf<D extends KernelDeclaration> = {
  readonly [Name in keyof D["dims"]]: DimValue<D["dims"][Name]>;
};

/** A kernel as backends offer it. */
export type KernelOf<D extends KernelDeclaration> = (operands: OperandsOf<D>, dims: DimsOf<D>) => void;

// `Extract` says to TypeScript before 5.4 that this is an array.
type ArrayTuple<Os extends readonly Operand[]> = Extract<
  { -readonly [I in keyof Os]: Given<Os[I], Arrays> },
  readonly unknown[]
>;

/** A kernel in JavaScript: arrays in the order of the operands, which may be longer than the shapes say, then dims. */
export type ArrayKernelOf<D extends KernelDeclaration> = (
  ...args: [...ArrayTuple<D["operands"]>, dims: DimsOf<D>]
) => void;

/** A call as code sees it that knows only the declaration. */
export type AnyOperands = Readonly<Record<string, unknown>>;
export type AnyDims = Readonly<Record<string, number | string | null>>;
export type AnyKernel = (operands: AnyOperands, dims: AnyDims) => void;

/** The numbers by which kernels that take numbers know the names of a choice. */
export function choiceNumbers({ oneOf }: Choice): ReadonlyMap<string | null, number> {
  return new Map<string | null, number>([[null, 0], ...oneOf.map((name, i) => [name, i + 1] as const)]);
}

/** The length of an axis. */
export function axisLength(extent: Extent, known: ReadonlyMap<string, number>): number | undefined {
  if (typeof extent === "string") return known.get(extent);
  const value = known.get(extent.of);
  return value === undefined ? undefined : extent.times * value + extent.plus;
}

/**
 * All names that shapes use, with their values: the dims of a call, and what follows from the lengths of its operands.
 *
 * @param lengthOf elements of an operand, null where it is not there
 */
export function extentsOf(
  { operands, dims: kinds }: KernelDeclaration,
  dims: AnyDims,
  lengthOf: (operand: Operand) => number | null,
): ReadonlyMap<string, number> {
  const known = new Map<string, number>();
  for (const name of Object.keys(kinds)) {
    const value = dims[name];
    if (typeof value === "number") known.set(name, value);
  }
  for (const operand of operands) {
    const [first, ...others] = operand.shape;
    if (first === undefined || axisLength(first, known) !== undefined) continue;
    const length = lengthOf(operand);
    const width = others.reduce((product, extent) => product * (axisLength(extent, known) ?? Number.NaN), 1);
    if (length === null || !(width > 0)) continue;
    const axis = Math.floor(length / width);
    if (typeof first === "string") known.set(first, axis);
    else known.set(first.of, (axis - first.plus) / first.times);
  }
  return known;
}
