/** Where the command line takes texts from: its arguments, a file, or standard input. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { FileError } from "../../errors.ts";
import { type InputSettings, textsOf } from "./formats.ts";
import { readLines } from "./lines.ts";

export interface TextInput {
  /** From the first text on, each time that it is called, where it `isRepeatable`; else once. */
  texts(): AsyncGenerator<string, void, undefined>;
  readonly isRepeatable: boolean;
  /** How many there are, where that is known. */
  readonly count: number | null;
  /** How much of the file the texts are that the last `texts()` has given, from 0 to 1; null: who knows. */
  fractionRead(): number | null;
}

export function argumentInput(texts: readonly string[]): TextInput {
  return {
    async *texts() {
      yield* texts;
    },
    isRepeatable: true,
    count: texts.length,
    fractionRead: () => null,
  };
}

export function streamInput(
  stream: AsyncIterable<Uint8Array>,
  settings: InputSettings,
  name = "standard input",
): TextInput {
  return {
    texts: () => textsOf(readLines(stream, name), settings, name),
    isRepeatable: false,
    count: null,
    fractionRead: () => null,
  };
}

/** @throws FileError where there is no such file */
export async function fileInput(file: string, settings: InputSettings): Promise<TextInput> {
  const stats = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw new FileError(file, cause.message, { cause });
    throw new FileError(file, "there is no such file", { code: "file-not-found", cause });
  });
  if (stats.isDirectory())
    throw new FileError(file, "expected a file, found a folder", { code: "not-a-file" });
  let read = 0;
  async function* lines() {
    read = 0;
    for await (const line of readLines(piecesOf(file), file)) {
      read += Buffer.byteLength(line.text) + 1;
      yield line;
    }
  }
  return {
    texts: () => textsOf(lines(), settings, file),
    isRepeatable: stats.isFile(),
    count: null,
    fractionRead: () => (stats.isFile() && stats.size > 0 ? Math.min(1, read / stats.size) : null),
  };
}

async function* piecesOf(file: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const piece of createReadStream(file, { highWaterMark: 2 ** 18 })) yield piece as Uint8Array;
  } catch (cause) {
    throw new FileError(file, (cause as Error).message, { cause });
  }
}

export async function countTexts(texts: AsyncIterable<string>, signal: AbortSignal): Promise<number> {
  let count = 0;
  for await (const _ of texts) {
    if (++count % 1000 === 0) signal.throwIfAborted();
  }
  return count;
}

/** Texts `start … end − 1`. */
export async function* sliceTexts(
  texts: AsyncGenerator<string, void, undefined>,
  start: number,
  end: number,
): AsyncGenerator<string, void, undefined> {
  let index = 0;
  if (end <= start) return;
  for await (const text of texts) {
    if (index++ < start) continue;
    yield text;
    if (index >= end) return;
  }
}
