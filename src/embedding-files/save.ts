/** Embeddings in files. The file system is loaded where it is needed: in Node, Deno and Bun. */

import { copyEmbeddings } from "../embeddings/containers.ts";
import { ArgumentError } from "../errors.ts";
import { describe } from "../runtime/check-arguments.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import {
  checkContent,
  contentNames,
  type EmbeddingsToSave,
  metadataNames,
  type StoredEmbeddings,
  type StoredTensor,
  toStored,
} from "./content.ts";
import { formatOf } from "./format.ts";
import type { EmbeddingWriter, EmbeddingWriterOptions } from "./writer-node.ts";

export interface LoadEmbeddingsOptions {
  /** One tensor [vectors, dimension] in place of an array of vectors. Default: false. */
  readonly convertToTensor?: boolean | undefined;
}

const loadOptionNames: OptionNames<LoadEmbeddingsOptions> = { convertToTensor: true };

/**
 * Saves embeddings, and the sentences that they belong to, in a file: `.safetensors`, `.npy` (for numpy) or
 * `.jsonl`. A file of that name stays until the new one is complete.
 *
 * The layouts are described in safetensors.ts and json-lines.ts. A .npy file holds nothing but the matrix;
 * sentences then lie beside it in `<file>.sentences.jsonl`, a JSON string a line, where `loadEmbeddings` finds
 * them.
 *
 * The vectors are not copied: their numbers must stay as they are until the promise settles.
 *
 * @throws ArgumentError for another file extension, and for what the format has no place for
 * @throws FileError where the file cannot be written
 */
export async function saveEmbeddings(file: string | URL, content: EmbeddingsToSave): Promise<void> {
  const format = formatOf(nameOf(file), "saveEmbeddings");
  const checked = checkContent(content, "saveEmbeddings");
  const place = copyPlace(file);
  const { saveFile } = await import("./files-node.ts");
  await saveFile(place, format, checked);
}

/**
 * Loads what `saveEmbeddings` saved; also matrices that numpy saved, and .safetensors and .jsonl files of the
 * same layout from elsewhere.
 *
 * @throws ArgumentError for another file extension
 * @throws FileError where the file is missing
 * @throws FormatError where it is cut off, broken or something else
 * @throws UnsupportedError for element types that embeddings do not have
 */
export function loadEmbeddings(
  file: string | URL,
  options: LoadEmbeddingsOptions & { readonly convertToTensor: true },
): Promise<StoredTensor>;
export function loadEmbeddings(
  file: string | URL,
  options?: LoadEmbeddingsOptions & { readonly convertToTensor?: false | undefined },
): Promise<StoredEmbeddings>;
export async function loadEmbeddings(
  file: string | URL,
  options: LoadEmbeddingsOptions = {},
): Promise<StoredEmbeddings | StoredTensor> {
  const { convertToTensor = false } = readOptions("loadEmbeddings", options, loadOptionNames);
  const format = formatOf(nameOf(file), "loadEmbeddings");
  const place = copyPlace(file);
  const { loadFile } = await import("./files-node.ts");
  return toStored(await loadFile(place, format, convertToTensor));
}

/**
 * Opens a file for embeddings that come bit by bit: a new one, or one that exists, to continue it. Nothing is made or
 * changed before the first `append`, or `close`. Of a .jsonl file, every line is read and checked.
 *
 * @throws ArgumentError where the options are not those of the existing file
 * @throws FormatError where the existing file is broken. @throws UnsupportedError where it cannot grow
 */
export async function openEmbeddingWriter(
  file: string | URL,
  options: EmbeddingWriterOptions = {},
): Promise<EmbeddingWriter> {
  options = readOptions("openEmbeddingWriter", options, metadataNames);
  const format = formatOf(nameOf(file), "openEmbeddingWriter");
  const place = copyPlace(file);
  const { model, prompt, metadata } = options;
  const settings = { model, prompt, metadata: metadata && { ...metadata } };
  const { EmbeddingWriter } = await import("./writer-node.ts");
  return await EmbeddingWriter.open(place, format, settings);
}

/** Appends to a file once; for more, `openEmbeddingWriter` does less work. Makes the file where there is none. */
export async function appendEmbeddings(file: string | URL, content: EmbeddingsToSave): Promise<void> {
  content = readOptions("appendEmbeddings", content, contentNames);
  const { model, prompt, metadata } = content;
  const embeddings = copyEmbeddings(content.embeddings);
  const checked = checkContent({ ...content, embeddings }, "appendEmbeddings");
  const writer = await openEmbeddingWriter(file, { model, prompt, metadata });
  try {
    const { appendChecked } = await import("./writer-node.ts");
    await appendChecked(writer, checked);
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  await writer.close();
}

function nameOf(file: string | URL): string {
  if (file instanceof URL) return file.pathname;
  if (typeof file === "string") return file;
  throw new ArgumentError(`embeddings: expected the path of a file, got ${describe(file)}`);
}

/** An address can be changed while it is used. */
function copyPlace(file: string | URL): string | URL {
  return file instanceof URL ? new URL(file) : file;
}
