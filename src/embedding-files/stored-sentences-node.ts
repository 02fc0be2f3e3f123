/** The sentences of a file one after the other, however many: to compare them with other texts. */

import { openSafetensors } from "../checkpoint/safetensors/open.ts";
import type { RangeReader } from "../files/file-source.ts";
import { fileExists, sentencesPath, sourceOf, withReader } from "./file-access-node.ts";
import type { EmbeddingFormat } from "./format.ts";
import { readJsonLinesSentences } from "./json-lines.ts";
import { type ByteRange, rangeOf } from "./lines.ts";
import { iterateSentences } from "./sentence-lines.ts";

/**
 * Calls `visit` with the sentence of each of the first `count` vectors of a file, closed or not; it has been looked at
 * by the writer, and has sentences.
 */
export async function visitSentences(
  path: string,
  format: EmbeddingFormat,
  count: number,
  visit: (sentence: string) => Promise<void>,
): Promise<void> {
  const visitAll = async (sentences: AsyncIterable<string>) => {
    for await (const sentence of sentences) await visit(sentence);
  };
  const visitLines = (bytes: ByteRange, name: string) => visitAll(iterateSentences(bytes, count, name));
  if (format === "jsonl") {
    await withReader(path, (reader) => visitAll(readJsonLinesSentences(reader, count)));
    return;
  }
  const beside = sentencesPath(path);
  if (format === "npy" || (await fileExists(beside))) {
    await withReader(beside, (reader: RangeReader) => visitLines(rangeOf(reader), reader.name));
    return;
  }
  const { source, name } = sourceOf(path);
  const checkpoint = await openSafetensors(source, name);
  try {
    const { byteLength } = checkpoint.tensors.get("sentences")!;
    const read = (start: number, end: number) => checkpoint.readBytes("sentences", start, end);
    await visitLines({ length: byteLength, read }, checkpoint.name);
  } finally {
    await checkpoint.close();
  }
}
