/** Embeddings as the bytes of a file, and back, in every runtime. */

import { ArgumentError } from "../errors.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import { MemoryReader, MemorySource } from "../sources/memory-source.ts";
import {
  type Content,
  checkContent,
  type EmbeddingsToSave,
  type FileContent,
  type StoredEmbeddings,
  type StoredTensor,
  takeMatrix,
  toStored,
} from "./content.ts";
import { checkFormat, type EmbeddingFormat } from "./format.ts";
import { jsonLinesPieces, readJsonLines } from "./json-lines.ts";
import { npyPieces, readNpy } from "./npy.ts";
import { readSafetensors, safetensorsPieces } from "./safetensors.ts";

export interface DecodeEmbeddingsOptions {
  /** What error messages call the bytes. Default: "embeddings". */
  readonly name?: string | undefined;
  /** One tensor [vectors, dimension] in place of an array of vectors. Default: false. */
  readonly convertToTensor?: boolean | undefined;
}

const decodeOptionNames: OptionNames<DecodeEmbeddingsOptions> = { name: true, convertToTensor: true };

/** Bytes that a Blob takes. Written in this way, since TypeScript before 5.7 has no type arguments of typed arrays. */
type Bytes = ReturnType<typeof Uint8Array.of>;

/**
 * The bytes of a file that `loadEmbeddings` and Python read. The vectors are not copied: their numbers must stay as they
 * are until the promise settles.
 *
 * @throws ArgumentError for what the format has no place for: .npy takes nothing but vectors
 */
export async function encodeEmbeddings(content: EmbeddingsToSave, format: EmbeddingFormat): Promise<Bytes> {
  const operation = "encodeEmbeddings";
  const checked = checkContent(content, operation);
  if (format === "npy" && checked.sentences !== undefined) {
    throw new ArgumentError(`${operation}: .npy cannot store sentences; use .safetensors or .jsonl`, {
      code: "format-without-texts",
      subject: "sentences",
    });
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of piecesOf(checked, checkFormat(format, operation), operation)) pieces.push(piece);
  return new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

/**
 * What the bytes of a file hold. The bytes are not copied: they must stay as they are until the promise settles.
 *
 * @throws FormatError where they break the format's rules. @throws UnsupportedError for element types that
 *   embeddings do not have
 */
export function decodeEmbeddings(
  bytes: Uint8Array,
  format: EmbeddingFormat,
  options: DecodeEmbeddingsOptions & { readonly convertToTensor: true },
): Promise<StoredTensor>;
export function decodeEmbeddings(
  bytes: Uint8Array,
  format: EmbeddingFormat,
  options?: DecodeEmbeddingsOptions & { readonly convertToTensor?: false | undefined },
): Promise<StoredEmbeddings>;
export async function decodeEmbeddings(
  bytes: Uint8Array,
  format: EmbeddingFormat,
  options: DecodeEmbeddingsOptions = {},
): Promise<StoredEmbeddings | StoredTensor> {
  const { name = "embeddings", convertToTensor = false } = readOptions(
    "decodeEmbeddings",
    options,
    decodeOptionNames,
  );
  return toStored(await readBytes(bytes, checkFormat(format, "decodeEmbeddings"), name, convertToTensor));
}

async function readBytes(
  bytes: Uint8Array,
  format: EmbeddingFormat,
  name: string,
  convertToTensor: boolean,
): Promise<FileContent> {
  switch (format) {
    case "safetensors":
      return await readSafetensors(
        new MemorySource(new Map([[name, bytes]]), "memory"),
        name,
        convertToTensor,
      );
    case "npy":
      return {
        embeddings: await takeMatrix(await readNpy(new MemoryReader(name, bytes)), convertToTensor),
        sentences: undefined,
        metadata: new Map(),
      };
    case "jsonl":
      return await readJsonLines(new MemoryReader(name, bytes), convertToTensor);
  }
}

/** The file in pieces; of a .npy file without the sentences, which lie beside it. */
export function piecesOf(
  content: Content,
  format: EmbeddingFormat,
  operation: string,
): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (format === "safetensors") return safetensorsPieces(content);
  if (format === "jsonl") return jsonLinesPieces(content);
  if (content.metadata.size > 0) {
    throw new ArgumentError(
      `${operation}: .npy cannot store ${[...content.metadata.keys()].join(", ")}; use .safetensors or .jsonl`,
      { code: "format-without-texts", subject: "metadata" },
    );
  }
  return npyPieces(content);
}
