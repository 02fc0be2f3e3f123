import { FormatError } from "../../errors.ts";
import { concatenate } from "../../files/concatenate.ts";

/** A longer line is no text that anybody wrote. Bytes. */
const LONGEST_LINE = 2 ** 26;

const NEWLINE = 0x0a;

export interface Line {
  /** Without the line feed; a carriage return before it stays. */
  readonly text: string;
  /** From 1 on. */
  readonly number: number;
}

/**
 * The lines of bytes that arrive in pieces, in UTF-8. The last one need not end with a line feed. A byte order mark
 * at the start is left out.
 *
 * @throws FormatError for what is not UTF-8, with the line
 */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<Line, void, undefined> {
  let number = 0;
  let rest: Uint8Array[] = [];
  let restLength = 0;
  for await (const piece of pieces) {
    const end = piece.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      for (const text of decodeLines(concatenate([...rest, piece.subarray(0, end - 1)]), number, file)) {
        yield { text, number: ++number };
      }
      rest = [];
      restLength = 0;
    }
    if (end < piece.length) {
      rest.push(piece.slice(end));
      restLength += piece.length - end;
    }
    if (restLength > LONGEST_LINE) {
      throw new FormatError(`line ${number + 1} is longer than ${LONGEST_LINE} bytes`, {
        code: "line-too-long",
        file,
      });
    }
  }
  if (restLength === 0) return;
  for (const text of decodeLines(concatenate(rest), number, file)) yield { text, number: ++number };
}

function decodeLines(bytes: Uint8Array, before: number, file: string): string[] {
  try {
    const lines = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).split("\n");
    if (before === 0) lines[0] = lines[0]!.replace(/^\uFEFF/, "");
    return lines;
  } catch {
    throw new FormatError(`line ${before + brokenLine(bytes)} is not UTF-8`, { code: "invalid-utf8", file });
  }
}

/** Which line of the bytes, from 1 on, is not UTF-8. */
function brokenLine(bytes: Uint8Array): number {
  let number = 1;
  for (let start = 0; start <= bytes.length; number++) {
    const found = bytes.indexOf(NEWLINE, start);
    const end = found === -1 ? bytes.length : found;
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(start, end));
    } catch {
      break;
    }
    start = end + 1;
  }
  return number;
}
