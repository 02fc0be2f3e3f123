/**
 * The directory of a zip file, as far as torch.save uses the format: stored entries, zip64 where the
 * archive is large. PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5; the names of fields are from there.
 */
import { FormatError, UnsupportedError } from "../../errors.ts";
import type { RangeReader } from "../../files/file-source.ts";
import { quote } from "../../files/quote.ts";
import { decodeUtf8 } from "../../files/utf8.ts";

export interface ZipEntry {
  readonly name: string;
  /** Stored, so this is its size both in the file and out of it. */
  readonly size: number;
  readonly localHeaderOffset: number;
  /** Where the next entry or the directory begins: the entry's bytes end before that. */
  readonly limit: number;
}

const LOCAL_HEADER = { signature: 0x04034b50, size: 30 };
const CENTRAL_HEADER = { signature: 0x02014b50, size: 46 };
const END_RECORD = { signature: 0x06054b50, size: 22 };
const ZIP64_LOCATOR = { signature: 0x07064b50, size: 20 };
const ZIP64_END_RECORD = { signature: 0x06064b50, size: 56 };
const ZIP64_EXTRA = 0x0001;
const LONGEST_COMMENT = 0xffff;

/** Bit 0 of the general purpose flags. */
const ENCRYPTED = 1;

/**
 * The entries by name. They lie one behind the other without overlap, so all of them together are never
 * larger than the file.
 *
 * @throws FormatError where the directory is missing or inconsistent.
 * @throws UnsupportedError for compressed or encrypted entries.
 */
export async function readZipDirectory(reader: RangeReader): Promise<ReadonlyMap<string, ZipEntry>> {
  const { count, offset, size } = await findDirectory(reader);
  const directory = await readView(reader, offset, size);
  const entries: Omit<ZipEntry, "limit">[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_HEADER.size > size || directory.getUint32(at, true) !== CENTRAL_HEADER.signature) {
      throw broken(reader, `the zip directory lists ${count} entries; number ${i} of them is not one`);
    }
    const next =
      at +
      CENTRAL_HEADER.size +
      directory.getUint16(at + 28, true) +
      directory.getUint16(at + 30, true) +
      directory.getUint16(at + 32, true);
    if (next > size) throw broken(reader, `entry ${i} of the zip directory reaches beyond it`);
    entries.push(readCentralHeader(reader, new DataView(directory.buffer, at, next - at)));
    at = next;
  }
  if (at !== size) throw broken(reader, `the zip directory is ${size} bytes long; its entries take ${at}`);
  return withLimits(reader, entries, offset);
}

/** Where the bytes of an entry begin: the local header before them has a length of its own. */
export async function findEntryData(reader: RangeReader, entry: ZipEntry): Promise<number> {
  const name = new TextEncoder().encode(entry.name);
  const header = await readView(reader, entry.localHeaderOffset, LOCAL_HEADER.size + name.length);
  const found = new Uint8Array(header.buffer, LOCAL_HEADER.size);
  if (
    header.getUint32(0, true) !== LOCAL_HEADER.signature ||
    header.getUint16(26, true) !== name.length ||
    found.some((byte, i) => byte !== name[i])
  ) {
    throw broken(reader, `entry ${quote(entry.name)} is not where the zip directory says`);
  }
  const start = entry.localHeaderOffset + LOCAL_HEADER.size + name.length + header.getUint16(28, true);
  if (start + entry.size > entry.limit) {
    throw broken(reader, `entry ${quote(entry.name)} reaches into what follows it`);
  }
  return start;
}

export async function readEntry(reader: RangeReader, entry: ZipEntry): Promise<Uint8Array<ArrayBuffer>> {
  const start = await findEntryData(reader, entry);
  const bytes = new Uint8Array(entry.size);
  await reader.readInto(bytes, start);
  return bytes;
}

interface Directory {
  readonly count: number;
  readonly offset: number;
  readonly size: number;
}

async function findDirectory(reader: RangeReader): Promise<Directory> {
  const tailLength = Math.min(reader.size, END_RECORD.size + LONGEST_COMMENT);
  const tailStart = reader.size - tailLength;
  const tail = await readView(reader, tailStart, tailLength);
  let at = tailLength - END_RECORD.size;
  while (at >= 0 && !isEndRecord(tail, at)) at--;
  if (at < 0) throw broken(reader, "this zip file has no directory at its end; it may be cut off");
  if (tail.getUint32(at + 4, true) !== 0) throw broken(reader, "the zip file is one part of several");
  const directory = {
    count: tail.getUint16(at + 10, true),
    size: tail.getUint32(at + 12, true),
    offset: tail.getUint32(at + 16, true),
  };
  const end = tailStart + at;
  const large =
    directory.count === 0xffff || directory.size === 0xffff_ffff || directory.offset === 0xffff_ffff;
  const { directory: final, end: directoryLimit } = large
    ? await findZip64Directory(reader, end)
    : { directory, end };
  if (final.offset + final.size > directoryLimit) {
    throw broken(reader, "the zip directory reaches beyond its end record");
  }
  if (final.count * CENTRAL_HEADER.size > final.size) {
    throw broken(reader, `the zip directory has ${final.size} bytes, too few for ${final.count} entries`);
  }
  return final;
}

/** The record ends where its comment ends the file. */
function isEndRecord(tail: DataView, at: number): boolean {
  return (
    tail.getUint32(at, true) === END_RECORD.signature &&
    at + END_RECORD.size + tail.getUint16(at + 20, true) === tail.byteLength
  );
}

async function findZip64Directory(
  reader: RangeReader,
  end: number,
): Promise<{ readonly directory: Directory; readonly end: number }> {
  const locatorStart = end - ZIP64_LOCATOR.size;
  if (locatorStart < 0) throw broken(reader, "the zip64 locator is missing");
  const locator = await readView(reader, locatorStart, ZIP64_LOCATOR.size);
  if (locator.getUint32(0, true) !== ZIP64_LOCATOR.signature) {
    throw broken(reader, "the zip64 locator is missing");
  }
  const recordStart = getLength(reader, locator, 8);
  if (recordStart + ZIP64_END_RECORD.size > locatorStart) {
    throw broken(reader, "the zip64 end record is not before its locator");
  }
  const record = await readView(reader, recordStart, ZIP64_END_RECORD.size);
  if (record.getUint32(0, true) !== ZIP64_END_RECORD.signature) {
    throw broken(reader, "the zip64 end record is missing");
  }
  return {
    directory: {
      count: getLength(reader, record, 32),
      size: getLength(reader, record, 40),
      offset: getLength(reader, record, 48),
    },
    end: recordStart,
  };
}

/** `header`: one entry of the directory, with its name and extra fields. */
function readCentralHeader(reader: RangeReader, header: DataView<ArrayBuffer>): Omit<ZipEntry, "limit"> {
  const nameLength = header.getUint16(28, true);
  const nameStart = header.byteOffset + CENTRAL_HEADER.size;
  const name = decodeUtf8(
    new Uint8Array(header.buffer, nameStart, nameLength),
    "a name in the zip directory",
    reader.name,
  );
  const flags = header.getUint16(8, true);
  const method = header.getUint16(10, true);
  if ((flags & ENCRYPTED) !== 0) {
    throw new UnsupportedError(`entry ${quote(name)} of the zip file is encrypted`, {
      code: "unsupported-zip",
      file: reader.name,
    });
  }
  if (method !== 0) {
    throw new UnsupportedError(
      `entry ${quote(name)} of the zip file is compressed (method ${method}); torch.save stores`,
      { code: "unsupported-zip", file: reader.name },
    );
  }
  const extraStart = CENTRAL_HEADER.size + nameLength;
  const extra = new DataView(
    header.buffer,
    header.byteOffset + extraStart,
    Math.min(header.getUint16(30, true), header.byteLength - extraStart),
  );
  const zip64 = zip64Fields(reader, extra);
  const field = (at: number): number => {
    const value = header.getUint32(at, true);
    return value === 0xffff_ffff ? zip64() : value;
  };
  const size = field(24); // in this order: the zip64 field holds only those that do not fit
  const compressedSize = field(20);
  const localHeaderOffset = field(42);
  if (size !== compressedSize) {
    throw broken(reader, `entry ${quote(name)} is stored, yet has the sizes ${size} and ${compressedSize}`);
  }
  return { name, size, localHeaderOffset };
}

/** Gives the 64-bit numbers of the zip64 extra field, one a call. */
function zip64Fields(reader: RangeReader, extra: DataView): () => number {
  let at = 0;
  while (at + 4 <= extra.byteLength && extra.getUint16(at, true) !== ZIP64_EXTRA) {
    at += 4 + extra.getUint16(at + 2, true);
  }
  const end = at + 4 <= extra.byteLength ? at + 4 + extra.getUint16(at + 2, true) : 0;
  let next = at + 4;
  return () => {
    if (next + 8 > Math.min(end, extra.byteLength)) {
      throw broken(reader, "an entry of the zip directory lacks its zip64 sizes");
    }
    const value = getLength(reader, extra, next);
    next += 8;
    return value;
  };
}

function withLimits(
  reader: RangeReader,
  entries: readonly Omit<ZipEntry, "limit">[],
  directoryStart: number,
): ReadonlyMap<string, ZipEntry> {
  const sorted = [...entries].sort((a, b) => a.localHeaderOffset - b.localHeaderOffset);
  const byName = new Map<string, ZipEntry>();
  for (const [i, entry] of sorted.entries()) {
    const limit = sorted[i + 1]?.localHeaderOffset ?? directoryStart;
    if (entry.localHeaderOffset + LOCAL_HEADER.size + entry.size > limit) {
      throw broken(reader, `entry ${quote(entry.name)} reaches into what follows it`);
    }
    if (byName.has(entry.name))
      throw broken(reader, `two entries of the zip file are called ${quote(entry.name)}`);
    byName.set(entry.name, { ...entry, limit });
  }
  return byName;
}

/** A 64-bit size or offset; none that is valid comes near 2^53. */
function getLength(reader: RangeReader, view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  if (value > reader.size)
    throw broken(reader, `a zip64 field says ${value}; the file has ${reader.size} bytes`);
  return value;
}

async function readView(reader: RangeReader, start: number, length: number): Promise<DataView<ArrayBuffer>> {
  if (start + length > reader.size) {
    throw broken(reader, `the zip file ends at byte ${reader.size}, within what should be at byte ${start}`);
  }
  const bytes = new Uint8Array(length);
  await reader.readInto(bytes, start);
  return new DataView(bytes.buffer);
}

function broken(reader: RangeReader, message: string): FormatError {
  return new FormatError(message, { code: "invalid-zip", file: reader.name });
}
