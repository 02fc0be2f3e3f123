import { chmod, rename, rm, stat } from "node:fs/promises";
import { linkTarget, sentencesPath } from "../../embedding-files/file-access-node.ts";
import { formatOf } from "../../embedding-files/format.ts";
import type { GrowingLayout } from "../../embedding-files/growing-file.ts";
import { visitSentences } from "../../embedding-files/stored-sentences-node.ts";
import { EmbeddingWriter, type EmbeddingWriterOptions } from "../../embedding-files/writer-node.ts";
import { FileError } from "../../errors.ts";
import type { Outcome, RowSink } from "./row-sink.ts";

export type ExistingOutput = "reject" | "continue" | "replace";

/** How a file of this name is to be remembered; .npy has no place for it. */
export type FileSettings = Required<Pick<EmbeddingWriterOptions, "model" | "prompt" | "metadata">>;

/** What all rows of a file have in common. */
export type RowLayout = Omit<GrowingLayout, "metadata">;

/** Where embeddings lie until the file that they are to replace can go. A killed run leaves it, for --resume. */
export function partialPath(file: string): string {
  return `${file}.partial`;
}

/**
 * A file that embeddings are appended to.
 *
 * One that is to be replaced stays until the new one is whole, or is all that an interrupted run has: embeddings are
 * written beside it.
 *
 * @throws FileError where there is one and it is to be neither continued nor replaced
 */
export async function openFileSink(
  output: string,
  existing: ExistingOutput,
  settings: FileSettings,
): Promise<FileSink> {
  const file = await linkTarget(output);
  const partial = partialPath(file);
  const isThere = await hasContent(file);
  if (existing === "reject" && isThere) {
    throw new FileError(output, "exists already: --resume continues it, --overwrite replaces it", {
      code: "output-exists",
    });
  }
  if (existing === "continue") {
    await finishReplacement(file);
    if (await hasContent(partial)) return await FileSink.open(partial, file, settings);
  } else {
    await removeOutput(partial);
    if (isThere) return await FileSink.open(partial, file, settings);
    await removeOutput(file);
  }
  return await FileSink.open(file, null, settings);
}

export class FileSink implements RowSink {
  /** Where the rows are written. */
  readonly path: string;
  readonly #writer: EmbeddingWriter;
  /** What they take the place of at the end; null: nothing is replaced. */
  readonly #replaces: string | null;
  /** Whether an earlier run has begun it. */
  readonly #continues: boolean;

  private constructor(path: string, writer: EmbeddingWriter, replaces: string | null) {
    this.path = path;
    this.#writer = writer;
    this.#replaces = replaces;
    this.#continues = writer.count > 0;
  }

  static async open(path: string, replaces: string | null, settings: FileSettings): Promise<FileSink> {
    const format = formatOf(replaces ?? path, "encode");
    const writer = await EmbeddingWriter.open(path, format, format === "npy" ? {} : settings);
    return new FileSink(path, writer, replaces);
  }

  get count(): number {
    return this.#writer.count;
  }

  /** null: there are no rows yet. */
  get layout(): RowLayout | null {
    return this.#writer.layout;
  }

  append(rows: Parameters<RowSink["append"]>[0]): Promise<void> {
    return this.#writer.append(rows);
  }

  /** Calls `visit` with the sentence of each row; the file has sentences. */
  async visitSentences(visit: (sentence: string) => Promise<void>): Promise<void> {
    const format = formatOf(this.#replaces ?? this.path, "encode");
    await visitSentences(this.path, format, this.count, visit);
  }

  async close(outcome: Outcome): Promise<void> {
    const keeps = outcome === "complete" || (outcome === "interrupted" && this.count > 0);
    if (keeps) await this.#writer.close();
    else await this.#writer.abandon();
    if (this.#replaces === null) return;
    if (keeps) await replace(this.#replaces);
    else if (!this.#continues) await removeOutput(this.path);
  }
}

/** Puts the new file in the place of the old one, with its permissions. */
async function replace(file: string): Promise<void> {
  const partial = partialPath(file);
  try {
    const old = await stat(file).catch(() => null);
    if (old !== null) await chmod(partial, old.mode);
    // Sentences of the old file must not be taken for those of the new one, wherever this is interrupted.
    await rm(sentencesPath(file), { force: true });
    await rename(partial, file);
  } catch (cause) {
    throw new FileError(file, `cannot be replaced: ${(cause as Error).message}`, {
      code: "file-not-writable",
      cause,
    });
  }
  await finishReplacement(file);
}

/** A run that was killed within `replace` leaves the sentences of the new file under their old name. */
async function finishReplacement(file: string): Promise<void> {
  const partial = partialPath(file);
  const sentences = sentencesPath(partial);
  if ((await hasContent(partial)) || !(await hasContent(sentences))) return;
  await rename(sentences, sentencesPath(file));
}

export async function removeOutput(file: string): Promise<void> {
  await rm(file, { force: true });
  await rm(sentencesPath(file), { force: true });
}

export async function hasContent(file: string): Promise<boolean> {
  const stats = await stat(file).catch(() => undefined);
  return stats !== undefined && stats.size > 0;
}
