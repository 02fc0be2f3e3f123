/** Text files of one JSON value a line, read in pieces. */

import { FormatError } from "../errors.ts";
import { concatenate } from "../files/concatenate.ts";
import type { RangeReader } from "../files/file-source.ts";

/** Bytes that can be read in ranges. */
export interface ByteRange {
  readonly length: number;
  read(start: number, end: number): Promise<Uint8Array>;
}

/** All of a file. */
export function rangeOf(reader: RangeReader): ByteRange {
  return {
    length: reader.size,
    async read(start, end) {
      const bytes = new Uint8Array(end - start);
      await reader.readInto(bytes, start);
      return bytes;
    },
  };
}

/** Longer lines do not fit a string with certainty. */
export const LONGEST_LINE = 2 ** 28;

const PIECE = 2 ** 20;

const NEWLINE = 0x0a;

/** The lines of a file, as many at a time as a piece of it ends. The last one needs no line end. */
export async function* readLines(bytes: ByteRange, file: string): AsyncGenerator<string[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let pending: Uint8Array[] = [];
  let pendingLength = 0;
  let number = 1;
  const finishLine = (end: Uint8Array): string => {
    const line = pending.length === 0 ? end : concatenate([...pending, end]);
    pending = [];
    pendingLength = 0;
    try {
      return decoder.decode(line);
    } catch (cause) {
      throw new FormatError(`line ${number} is not UTF-8`, { code: "invalid-utf8", file, cause });
    } finally {
      number++;
    }
  };
  for (let position = 0; position < bytes.length; position += PIECE) {
    const piece = await bytes.read(position, Math.min(position + PIECE, bytes.length));
    const lines: string[] = [];
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      lines.push(finishLine(piece.subarray(start, end)));
      start = end + 1;
    }
    if (start < piece.length) {
      pending.push(piece.subarray(start));
      pendingLength += piece.length - start;
    }
    if (pendingLength > LONGEST_LINE) {
      throw new FormatError(`line ${number} is longer than ${LONGEST_LINE} bytes`, {
        code: "line-too-long",
        file,
      });
    }
    if (lines.length > 0) yield lines;
  }
  if (pending.length > 0) yield [finishLine(new Uint8Array(0))];
}

export interface LineEnds {
  /** Complete lines, at most as many as were asked for. */
  readonly count: number;
  /** Where the last of them ends: after its line end. */
  readonly end: number;
}

/** Counts lines without decoding them. An end without a line end does not count. */
export async function findLineEnds(bytes: ByteRange, most: number): Promise<LineEnds> {
  let count = 0;
  let end = 0;
  for (let position = 0; position < bytes.length && count < most; position += PIECE) {
    const piece = await bytes.read(position, Math.min(position + PIECE, bytes.length));
    for (let at = piece.indexOf(NEWLINE); at >= 0 && count < most; at = piece.indexOf(NEWLINE, at + 1)) {
      count++;
      end = position + at + 1;
    }
  }
  return { count, end };
}

/** Where the last complete line ends, read from behind; 0 where there is none. */
export async function lastLineEnd(bytes: ByteRange): Promise<number> {
  for (let end = bytes.length; end > 0; end -= PIECE) {
    const start = Math.max(0, end - PIECE);
    const piece = await bytes.read(start, end);
    const at = piece.lastIndexOf(NEWLINE);
    if (at >= 0) return start + at + 1;
  }
  return 0;
}

/** @throws FormatError where the line is not JSON. */
export function parseLine(line: string, number: number, file: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new FormatError(`line ${number} is not JSON, or is truncated`, {
      code: "invalid-json",
      file,
      cause,
    });
  }
}
