import { FormatError } from "../../errors.ts";
import type { FileSource, RangeReader } from "../../files/file-source.ts";
import { checkNotPointer } from "../../files/git-lfs-pointer.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { StoredCheckpoint } from "../stored-checkpoint.ts";
import { parseHeader } from "./header.ts";

/** The limit of the reference reader. */
const LARGEST_HEADER = 100_000_000;

/** The header's length, in 8 bytes. */
const PREFIX = 8;

/**
 * Opens a safetensors file: reads and checks its header, and leaves the tensors where they are.
 *
 * @throws FileError where the file is missing. @throws FormatError where it breaks the format's rules.
 * @throws UnsupportedError for element types that we do not read.
 */
export async function openSafetensors(source: FileSource, path: string): Promise<Checkpoint> {
  const reader = await source.open(path);
  try {
    return await readCheckpoint(reader);
  } catch (error) {
    await reader.close();
    throw error;
  }
}

async function readCheckpoint(reader: RangeReader): Promise<Checkpoint> {
  const file = reader.name;
  await checkNotPointer(reader);
  const headerLength = await readHeaderLength(reader);
  const bytes = new Uint8Array(headerLength);
  await reader.readInto(bytes, PREFIX);
  const dataStart = PREFIX + headerLength;
  const { tensors, metadata } = parseHeader(bytes, { file, dataStart, dataLength: reader.size - dataStart });
  return new StoredCheckpoint({
    name: file,
    tensors,
    metadata,
    parallel: reader.parallel ?? false,
    readElements: (info, target, start) => reader.readInto(target, info.byteOffset + start),
    close: () => reader.close(),
  });
}

async function readHeaderLength(reader: RangeReader): Promise<number> {
  const fail = (message: string): FormatError =>
    new FormatError(message, { code: "invalid-safetensors", file: reader.name });
  if (reader.size < PREFIX) {
    throw fail(`a safetensors file begins with 8 bytes of header length; this one ends after ${reader.size}`);
  }
  const prefix = new Uint8Array(PREFIX);
  await reader.readInto(prefix, 0);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > LARGEST_HEADER) throw fail(`the header would be ${length} bytes long; the limit is 100 MB`);
  if (length > reader.size - PREFIX) {
    throw fail(
      `the header would be ${length} bytes long; the file has ${reader.size - PREFIX} bytes after its length`,
    );
  }
  if (length < 2) throw fail(`the header is ${length} bytes long; the shortest is "{}"`);
  return length;
}
