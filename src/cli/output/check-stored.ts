/** Whether a file that is to be continued belongs to the texts and settings of this run. */

import { ArgumentError, FormatError } from "../../errors.ts";
import { quote } from "../../files/quote.ts";
import { abortable } from "../../runtime/signals.ts";
import type { FileSink, RowLayout } from "./file-sink.ts";

/** @throws ArgumentError where the rows of the file are not like those that would follow */
export function checkLayout({ path, layout }: FileSink, expected: RowLayout): void {
  if (layout === null) return;
  for (const key of ["dtype", "dimension", "sentences"] as const) {
    if (layout[key] === expected[key]) continue;
    const problem =
      key === "sentences"
        ? `${layout.sentences ? "has" : "has no"} sentences, and the embeddings to come ${expected.sentences ? "have some" : "have none"}`
        : `has the ${key} ${layout[key]}, and the embeddings to come have ${expected[key]}`;
    throw new ArgumentError(`--resume: ${path} ${problem}`, {
      code: "append-mismatch",
      subject: key,
    });
  }
}

/**
 * Takes from `texts` those that the file has embeddings of; the next one is the first without.
 *
 * @throws the signal's reason. @throws FormatError where the file's sentences are others, or more than there are texts
 */
export async function skipStored(
  sink: FileSink,
  texts: AsyncIterator<string>,
  signal: AbortSignal,
): Promise<void> {
  const { path: file, count, layout } = sink;
  let index = 0;
  const next = async (): Promise<string> => {
    const { done, value } = await abortable(texts.next(), [signal]);
    if (!done) return value;
    throw new FormatError(
      `has the embeddings of ${count} texts, the input has ${index} texts now; --overwrite embeds all of them`,
      { file, code: "embeddings-count-mismatch" },
    );
  };
  if (!layout?.sentences) {
    for (; index < count; index++) await next();
    return;
  }
  await sink.visitSentences(async (sentence) => {
    const text = await next();
    if (text !== sentence) {
      throw new FormatError(
        `sentence ${index + 1}: expected ${shortened(text)} as in the input, found ${shortened(sentence)}; --overwrite embeds all texts anew`,
        { file, code: "embeddings-text-mismatch" },
      );
    }
    index++;
  });
}

function shortened(text: string): string {
  return quote(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
