import type { CheckpointDType } from "../checkpoint/dtype.ts";
import { toFloat32 } from "../checkpoint/to-float32.ts";
import { FormatError, UnsupportedError } from "../errors.ts";
import { swapByteOrder } from "../files/byte-order.ts";
import type { RangeReader } from "../files/file-source.ts";
import { quote } from "../files/quote.ts";
import { newTypedArray, type TypedArrayOf } from "../tensor/dtype.ts";
import { type Content, rowPieces, type StoredDType, type StoredMatrix } from "./content.ts";
import {
  formatNpyHeader,
  NPY_PREFIX,
  npyDataStart,
  type ParsedNpyHeader,
  parseNpyHeader,
} from "./npy-header.ts";

/** What numpy calls the types that we write. */
export const npyDescr: Readonly<Record<StoredDType, string>> = { float32: "<f4", int8: "|i1", uint8: "|u1" };

type Elements = TypedArrayOf<StoredDType>;

interface ElementType {
  readonly stored: CheckpointDType;
  readonly byteSize: number;
  readonly dtype: StoredDType;
}

/** By kind and size, whatever the byte order. */
const elementTypes: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ["f2", { stored: "F16", byteSize: 2, dtype: "float32" }],
  ["f4", { stored: "F32", byteSize: 4, dtype: "float32" }],
  ["f8", { stored: "F64", byteSize: 8, dtype: "float32" }],
  ["i1", { stored: "I8", byteSize: 1, dtype: "int8" }],
  ["u1", { stored: "U8", byteSize: 1, dtype: "uint8" }],
]);

/** Bytes that are converted at a time. A multiple of every element's size. */
const PIECE = 2 ** 22;

/** A matrix as `numpy.save` writes it, in pieces. */
export function* npyPieces(content: Pick<Content, "rows" | "dtype">): Generator<Uint8Array> {
  const { rows, dtype } = content;
  yield formatNpyHeader(npyDescr[dtype], [rows.count, rows.dimension])!;
  yield* rowPieces(content);
}

/** What stands before the data of a .npy file. @throws FormatError, UnsupportedError */
export async function readNpyHeader(reader: RangeReader): Promise<ParsedNpyHeader> {
  const file = reader.name;
  const prefix = new Uint8Array(Math.min(NPY_PREFIX, reader.size));
  await reader.readInto(prefix, 0);
  const dataStart = npyDataStart(prefix, file);
  if (dataStart > reader.size) {
    throw new FormatError(`the header would end at byte ${dataStart}, the file has ${reader.size} bytes`, {
      code: "truncated-file",
      file,
    });
  }
  const bytes = new Uint8Array(dataStart);
  await reader.readInto(bytes, 0);
  return parseNpyHeader(bytes, file);
}

/**
 * A matrix, or one vector, in either order of axes and bytes. f2, f4 and f8 become float32 (f8 rounded), i1 and
 * u1 stay.
 *
 * @throws FormatError where the file breaks the format's rules, or has not as many bytes as its shape needs
 * @throws UnsupportedError for other element types and numbers of axes
 */
export async function readNpy(reader: RangeReader): Promise<StoredMatrix> {
  const file = reader.name;
  const { descr, fortranOrder, shape, dataStart } = await readNpyHeader(reader);
  const { type, bigEndian } = elementType(descr, file);
  const [count, dimension] = matrixShape(shape, file);
  const expected = count * dimension * type.byteSize;
  const found = reader.size - dataStart;
  if (!Number.isSafeInteger(expected) || expected !== found) {
    throw new FormatError(
      `shape [${shape.join(", ")}] of ${descr} needs ${expected} bytes, the file has ${found} after its header`,
      { code: "truncated-file", file },
    );
  }
  const { dtype } = type;
  const read: StoredMatrix["read"] = async (target, start) => {
    const position = dataStart + start * type.byteSize;
    await readElements(reader, target, position, { ...type, bigEndian });
  };
  if (!fortranOrder) return { dtype, count, dimension, read };
  const data = newTypedArray(dtype, count * dimension);
  await readColumns(data, count, dimension, read);
  return {
    dtype,
    count,
    dimension,
    read: async (target, start) => target.set(data.subarray(start, start + target.length)),
  };
}

/** Elements from `position` on, in pieces. */
async function readElements(
  reader: RangeReader,
  target: Elements,
  position: number,
  { stored, byteSize, bigEndian }: ElementType & { readonly bigEndian: boolean },
): Promise<void> {
  const perPiece = PIECE / byteSize;
  for (let start = 0; start < target.length; start += perPiece) {
    const piece = target.subarray(start, start + perPiece);
    const bytes = new Uint8Array(piece.length * byteSize);
    await reader.readInto(bytes, position + start * byteSize);
    if (bigEndian) swapByteOrder(bytes, byteSize);
    if (piece instanceof Float32Array) toFloat32(stored, bytes, piece);
    else piece.set(piece instanceof Int8Array ? new Int8Array(bytes.buffer) : bytes);
  }
}

/** Column after column, as many at a time as fit a piece. */
async function readColumns(
  data: Elements,
  count: number,
  dimension: number,
  read: StoredMatrix["read"],
): Promise<void> {
  const columnsPerPiece = Math.max(1, Math.floor(PIECE / Math.max(1, count)));
  for (let first = 0; first < dimension; first += columnsPerPiece) {
    const columns = Math.min(columnsPerPiece, dimension - first);
    const piece = data.slice(0, columns * count);
    await read(piece, first * count);
    for (let c = 0; c < columns; c++) {
      for (let row = 0; row < count; row++) data[row * dimension + first + c] = piece[c * count + row]!;
    }
  }
}

function elementType(descr: string, file: string): { type: ElementType; bigEndian: boolean } {
  const match = /^([<>|])([a-zA-Z][0-9]+)$/.exec(descr);
  const type = elementTypes.get(match?.[2] ?? "");
  if (match === null || type === undefined || (match[1] === "|" && type.byteSize > 1)) {
    throw new UnsupportedError(
      `elements of type ${quote(descr)} are not supported; supported: f2, f4, f8, i1, u1`,
      { code: "unsupported-dtype", file },
    );
  }
  return { type, bigEndian: match[1] === ">" };
}

function matrixShape(shape: readonly number[], file: string): [count: number, dimension: number] {
  const [first, second] = shape;
  if (first === undefined || shape.length > 2) {
    throw new UnsupportedError(`expected a matrix, found ${shape.length} axes`, {
      code: "unsupported-npy",
      file,
    });
  }
  const [count, dimension] = second === undefined ? [1, first] : [first, second];
  if (count > 0 && dimension === 0) {
    throw new FormatError(`shape [${shape.join(", ")}] has vectors without dimensions`, {
      code: "invalid-npy",
      file,
    });
  }
  return [count, dimension];
}
