import { rm } from "node:fs/promises";
import { type StagedFile, stageFile } from "../files/write-file-node.ts";
import { type Content, type FileContent, takeMatrix } from "./content.ts";
import { piecesOf } from "./encode.ts";
import {
  attempt,
  fileExists,
  linkTarget,
  pathOf,
  sentencesPath,
  sourceOf,
  withReader,
} from "./file-access-node.ts";
import type { EmbeddingFormat } from "./format.ts";
import { readJsonLines } from "./json-lines.ts";
import { rangeOf } from "./lines.ts";
import { readNpy } from "./npy.ts";
import { readSafetensors } from "./safetensors.ts";
import { readSentences, sentencePieces } from "./sentence-lines.ts";

/** Writes a file, and for .npy the sentences beside it. A file that is there stays until both are whole. */
export async function saveFile(file: string | URL, format: EmbeddingFormat, content: Content): Promise<void> {
  const path = await linkTarget(pathOf(file));
  const embeddings = await stageFile(path, piecesOf(content, format, "saveEmbeddings"));
  if (format === "jsonl") {
    await embeddings.commit();
    return;
  }
  const beside = sentencesPath(path);
  let sentences: StagedFile | null = null;
  try {
    if (format === "npy" && content.sentences !== undefined) {
      sentences = await stageFile(beside, sentencePieces(content.sentences));
    }
    // Sentences of an older file must not be taken for those of the new one, wherever this is interrupted.
    await attempt(beside, () => rm(beside, { force: true }));
    await embeddings.commit();
    await sentences?.commit();
  } catch (error) {
    await embeddings.discard();
    await sentences?.discard();
    throw error;
  }
}

export async function loadFile(
  file: string | URL,
  format: EmbeddingFormat,
  convertToTensor: boolean,
): Promise<FileContent> {
  const path = pathOf(file);
  if (format === "jsonl") return await withReader(path, (reader) => readJsonLines(reader, convertToTensor));
  if (format === "npy") {
    return await withReader(path, async (reader) => {
      const matrix = await readNpy(reader);
      const sentences = await readSentencesBeside(path, matrix.count);
      return { embeddings: await takeMatrix(matrix, convertToTensor), sentences, metadata: new Map() };
    });
  }
  const { source, name } = sourceOf(path);
  return await readSafetensors(source, name, convertToTensor);
}

/** The sentences of a .npy file; undefined where there are none. */
async function readSentencesBeside(path: string, count: number): Promise<string[] | undefined> {
  const sentences = sentencesPath(path);
  if (!(await fileExists(sentences))) return undefined;
  return await withReader(sentences, (reader) => readSentences(rangeOf(reader), count, reader.name));
}
