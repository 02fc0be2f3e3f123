import { rm } from "node:fs/promises";
import { writeFileAtomically } from "../../checkpoint/write-file-node.ts";
import { type Content, type FileContent, takeMatrix } from "./content.ts";
import { piecesOf } from "./encode.ts";
import { attempt, fileExists, pathOf, sentencesPath, sourceOf, withReader } from "./file-access-node.ts";
import type { EmbeddingFormat } from "./format.ts";
import { readJsonLines } from "./json-lines.ts";
import { rangeOf } from "./lines.ts";
import { readNpy } from "./npy.ts";
import { readSafetensors } from "./safetensors.ts";
import { readSentences, sentencePieces } from "./sentence-lines.ts";

/** Writes a file, and for .npy the sentences beside it. */
export async function saveFile(file: string | URL, format: EmbeddingFormat, content: Content): Promise<void> {
  const path = pathOf(file);
  const pieces = piecesOf(content, format, "saveEmbeddings");
  if (format === "jsonl") {
    await writeFileAtomically(path, pieces);
    return;
  }
  // Sentences of an older file must not be taken for those of the new one, wherever this is interrupted.
  const sentences = sentencesPath(path);
  await attempt(sentences, () => rm(sentences, { force: true }));
  await writeFileAtomically(path, pieces);
  if (format === "npy" && content.sentences !== undefined) {
    await writeFileAtomically(sentences, sentencePieces(content.sentences));
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
