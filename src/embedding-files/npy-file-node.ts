import { FormatError, UnsupportedError } from "../errors.ts";
import type { RangeReader } from "../files/file-source.ts";
import { quote } from "../files/quote.ts";
import type { StoredDType } from "./content.ts";
import { fileExists, sentencesPath, withReader } from "./file-access-node.ts";
import type { ExistingFile, GrowingLayout } from "./growing-file.ts";
import { MatrixFile, type MatrixFormat, rowByteLength } from "./matrix-file-node.ts";
import { npyDescr, readNpyHeader } from "./npy.ts";
import { formatNpyHeader } from "./npy-header.ts";
import { SentenceFile } from "./sentence-file-node.ts";

/** More rows than a file can have: whether its header has room for their number. */
const MANY = 10 ** 15;

/** Begins a .npy file, in place of one that may be there. */
export async function createNpyFile(path: string, layout: GrowingLayout): Promise<MatrixFile> {
  const dataStart = formatNpyHeader(npyDescr[layout.dtype], [0, layout.dimension])!.length;
  return await MatrixFile.create({ path, layout, format: npyFormat(layout, dataStart), count: 0, dataStart });
}

/**
 * Looks at a .npy file that is to be continued.
 *
 * @throws FormatError where it is broken. @throws UnsupportedError where it is not what this package appends to
 */
export async function findNpyFile(path: string): Promise<ExistingFile> {
  const { dtype, dimension, count, dataStart, complete } = await withReader(path, inspect);
  const sentences = await fileExists(sentencesPath(path));
  const layout = { dtype, dimension, sentences, metadata: new Map() };
  const format = npyFormat(layout, dataStart);
  return {
    layout,
    count,
    complete: complete && (!sentences || (await SentenceFile.isComplete(path, count))),
    continue: () => MatrixFile.continue({ path, layout, format, count, dataStart }),
  };
}

function npyFormat({ dtype, dimension }: GrowingLayout, dataStart: number): MatrixFormat {
  return {
    header: async (count) => formatNpyHeader(npyDescr[dtype], [count, dimension], dataStart)!,
    finish: async () => {},
  };
}

interface Found {
  readonly dtype: StoredDType;
  readonly count: number;
  readonly dimension: number;
  readonly dataStart: number;
  /** Whether nothing follows the rows. */
  readonly complete: boolean;
}

async function inspect(reader: RangeReader): Promise<Found> {
  const file = reader.name;
  const { descr, fortranOrder, shape, dataStart } = await readNpyHeader(reader);
  const dtype = (["float32", "int8", "uint8"] as const).find((each) => npyDescr[each] === descr);
  const [count, dimension] = shape;
  if (
    dtype === undefined ||
    fortranOrder ||
    count === undefined ||
    dimension === undefined ||
    shape.length > 2
  ) {
    const order = fortranOrder ? "Fortran" : "C";
    throw new UnsupportedError(
      `expected a matrix of <f4, |i1 or |u1 in C order to append to, found the shape [${shape.join(", ")}] of ${quote(descr)} in ${order} order`,
      { code: "cannot-append", file },
    );
  }
  if (formatNpyHeader(descr, [MANY, dimension], dataStart) === undefined) {
    throw new UnsupportedError(`the header has no room for more rows; load and save the file to make some`, {
      code: "cannot-append",
      file,
    });
  }
  const dataEnd = dataStart + count * rowByteLength({ dtype, dimension });
  if (reader.size < dataEnd) {
    throw new FormatError(
      `shape [${shape.join(", ")}] ends at byte ${dataEnd}, the file at byte ${reader.size}`,
      { code: "truncated-file", file },
    );
  }
  await checkNoSecondArray(reader, dataEnd);
  return { dtype, count, dimension, dataStart, complete: reader.size === dataEnd };
}

/** numpy.save to one open file twice makes two arrays; a row that was being written does not look like one. */
async function checkNoSecondArray(reader: RangeReader, dataEnd: number): Promise<void> {
  const magic = new Uint8Array(6);
  if (reader.size < dataEnd + magic.length) return;
  await reader.readInto(magic, dataEnd);
  if (new TextDecoder("latin1").decode(magic.subarray(1)) === "NUMPY") {
    throw new UnsupportedError("a second array follows the first", {
      code: "cannot-append",
      file: reader.name,
    });
  }
}
