import { rm, stat } from "node:fs/promises";
import { FileError } from "../../errors.ts";
import { sentencesPath } from "../../util/stored/file-access-node.ts";
import { openEmbeddingWriter } from "../../util/stored/save.ts";
import type { EmbeddingWriterOptions } from "../../util/stored/writer-node.ts";
import type { RowSink } from "./row-sink.ts";

export type ExistingOutput = "refuse" | "continue" | "replace";

/** How a file of this name is to be remembered; .npy has no place for it. */
export type FileSettings = Required<Pick<EmbeddingWriterOptions, "model" | "prompt" | "metadata">>;

/**
 * A file that embeddings are appended to.
 * @throws FileError where there is one and it is to be neither continued nor replaced
 */
export async function openFileSink(
  file: string,
  existing: ExistingOutput,
  settings: FileSettings,
): Promise<RowSink> {
  if (existing === "refuse" && (await hasContent(file))) {
    throw new FileError(file, "exists already: --resume continues it, --overwrite replaces it");
  }
  if (existing === "replace") await removeOutput(file);
  return await openEmbeddingWriter(file, file.toLowerCase().endsWith(".npy") ? {} : settings);
}

export async function removeOutput(file: string): Promise<void> {
  await rm(file, { force: true });
  await rm(sentencesPath(file), { force: true });
}

export async function hasContent(file: string): Promise<boolean> {
  const stats = await stat(file).catch(() => undefined);
  return stats !== undefined && stats.size > 0;
}
