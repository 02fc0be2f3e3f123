/**
 * Sentences as bytes: one JSON string a line, in UTF-8. A text may contain line ends, which JSON writes as `\n`.
 * In Python: `[json.loads(line) for line in data.splitlines()]`.
 */
import { FormatError } from "../errors.ts";
import { type ByteRange, parseLine, readLines } from "./lines.ts";

/** Code units of one piece, about. */
const PIECE = 2 ** 20;

export function* sentencePieces(sentences: readonly string[]): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = "";
  for (const sentence of sentences) {
    text += `${JSON.stringify(sentence)}\n`;
    if (text.length < PIECE) continue;
    yield encoder.encode(text);
    text = "";
  }
  if (text !== "") yield encoder.encode(text);
}

/** @throws FormatError where there are not `count` lines of one JSON string each. */
export async function readSentences(bytes: ByteRange, count: number, file: string): Promise<string[]> {
  const sentences: string[] = [];
  for await (const lines of readLines(bytes, file)) {
    for (const line of lines) {
      sentences.push(checkSentence(line, sentences.length + 1, file));
      if (sentences.length > count) {
        throw new FormatError(`expected ${count} sentences, one for each vector, found more`, {
          code: "sentence-count",
          file,
        });
      }
    }
  }
  if (sentences.length < count) {
    throw new FormatError(`expected ${count} sentences, one for each vector, found ${sentences.length}`, {
      code: "sentence-count",
      file,
    });
  }
  return sentences;
}

/** The first `count` sentences. @throws FormatError where there are fewer, or a line is no JSON string */
export async function* iterateSentences(
  bytes: ByteRange,
  count: number,
  file: string,
): AsyncGenerator<string, void, undefined> {
  let number = 0;
  for await (const lines of readLines(bytes, file)) {
    for (const line of lines) {
      if (number === count) return;
      yield checkSentence(line, ++number, file);
    }
  }
  if (number < count) {
    throw new FormatError(`expected ${count} sentences, one for each vector, found ${number}`, {
      code: "sentence-count",
      file,
    });
  }
}

function checkSentence(line: string, number: number, file: string): string {
  const sentence = parseLine(line, number, file);
  if (typeof sentence === "string") return sentence;
  throw new FormatError(`line ${number}: expected a JSON string`, { code: "invalid-json", file });
}
