/**
 * Embeddings in a .safetensors file:
 *
 * - tensor `embeddings` [vectors, dimension]: F32, I8 or U8 (read as well: F16, BF16, F64, as float32)
 * - tensor `sentences` [bytes], U8, where there are sentences: a JSON string a line, in UTF-8
 * - metadata: `sentensor` = "embeddings 1"; `model` and `prompt` where they are known; whatever the caller adds
 *
 * In Python: `t = safetensors.numpy.load_file(file)`; `t["embeddings"]` is the matrix and
 * `[json.loads(line) for line in t["sentences"].tobytes().splitlines()]` are the sentences.
 *
 * The header is filled up with blanks to a multiple of 4096 bytes, so that a file can grow in place.
 */
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { openSafetensors } from "../checkpoint/safetensors/open.ts";
import { writeSafetensors } from "../checkpoint/safetensors/write.ts";
import { FormatError, UnsupportedError } from "../errors.ts";
import type { FileSource } from "../files/file-source.ts";
import { quote } from "../files/quote.ts";
import {
  type Content,
  type FileContent,
  rowPieces,
  type StoredDType,
  type StoredMatrix,
  takeMatrix,
} from "./content.ts";
import { readSentences, sentencePieces } from "./sentence-lines.ts";

/** The value of the metadata key `sentensor`. */
const KIND = "embeddings 1";

/** The metadata key that a file has while it is being written. */
const STATE = "state";

/** Whether more is to come; sentences lie beside the file until it is closed. */
export type FileState = "closed" | "open" | "open with sentences";

const BLOCK = 4096;

/** What a header may grow by without passing the blanks: counts of more digits, the entry of the sentences. */
const GROWTH = 512;

const storedNames = { float32: "F32", int8: "I8", uint8: "U8" } as const;

/** What a header says. */
export interface SafetensorsLayout {
  readonly count: number;
  readonly dimension: number;
  readonly dtype: StoredDType;
  /** null: the file has no sentences, or not yet. */
  readonly sentenceBytes: number | null;
  readonly metadata: ReadonlyMap<string, string>;
  readonly state: FileState;
}

/** @throws ArgumentError for metadata that a file cannot hold */
export async function* safetensorsPieces(content: Content): AsyncGenerator<Uint8Array> {
  const { rows, dtype, sentences, metadata } = content;
  let sentenceBytes: number | null = null;
  if (sentences !== undefined) {
    sentenceBytes = 0;
    for (const piece of sentencePieces(sentences)) sentenceBytes += piece.length;
  }
  const { count, dimension } = rows;
  yield (await safetensorsHeader({ count, dimension, dtype, sentenceBytes, metadata, state: "closed" }))!;
  yield* rowPieces(content);
  if (sentences !== undefined) yield* sentencePieces(sentences);
}

/**
 * The header, with its length: all that stands before the data.
 *
 * @param length how long it has to be, to replace another one; undefined: with room to grow
 * @returns undefined where it does not fit `length`
 */
export async function safetensorsHeader(
  layout: SafetensorsLayout,
  length?: number,
): Promise<Uint8Array | undefined> {
  const { count, dimension, dtype, sentenceBytes, metadata, state } = layout;
  const bytes = (): never => {
    throw new TypeError("only the header is wanted");
  };
  const tensors = [
    { name: "embeddings", dtype: storedNames[dtype], shape: [count, dimension], bytes },
    ...(sentenceBytes === null
      ? []
      : [{ name: "sentences", dtype: "U8", shape: [sentenceBytes], bytes } as const]),
  ];
  const entries = new Map([["sentensor", KIND], ...metadata]);
  if (state !== "closed") entries.set(STATE, state);
  const pieces = writeSafetensors(tensors, entries);
  const { value: header } = await pieces.next();
  await pieces.return();
  if (header === undefined) throw new TypeError("writeSafetensors gave no header");
  return padHeader(header, length ?? Math.ceil((header.length + GROWTH) / BLOCK) * BLOCK);
}

function padHeader(header: Uint8Array, total: number): Uint8Array | undefined {
  if (header.length > total) return undefined;
  const padded = new Uint8Array(total).fill(0x20);
  padded.set(header);
  new DataView(padded.buffer).setBigUint64(0, BigInt(total - 8), true);
  return padded;
}

/** @throws FormatError where the file is broken, or is not one of embeddings. @throws FileError where it is missing. */
export async function readSafetensors(
  source: FileSource,
  path: string,
  convertToTensor: boolean,
): Promise<FileContent> {
  const checkpoint = await openSafetensors(source, path);
  try {
    const layout = readLayout(checkpoint);
    if (layout.state !== "closed") {
      throw new FormatError(
        `the file is still being written, or its writer ended without closing it; ${layout.count} vectors are complete. Open and close it with openEmbeddingWriter`,
        { code: "unfinished-file", file: checkpoint.name },
      );
    }
    const sentences = await readStoredSentences(checkpoint, layout);
    const embeddings = await takeMatrix(matrixOf(checkpoint, layout), convertToTensor);
    return { embeddings, sentences, metadata: layout.metadata };
  } finally {
    await checkpoint.close();
  }
}

/** @throws FormatError where the tensors and metadata are not those of embeddings */
export function readLayout({ name: file, tensors, metadata }: Checkpoint): SafetensorsLayout {
  const kind = metadata.get("sentensor");
  if (kind !== undefined && kind !== KIND) {
    throw new UnsupportedError(`expected ${quote(KIND)} as metadata "sentensor", found ${quote(kind)}`, {
      code: "not-embeddings",
      subject: "sentensor",
      file,
    });
  }
  for (const name of tensors.keys()) {
    if (name !== "embeddings" && name !== "sentences") {
      throw new FormatError(`expected the tensors "embeddings" and "sentences", found ${quote(name)}`, {
        code: "not-embeddings",
        subject: name,
        file,
      });
    }
  }
  const embeddings = tensors.get("embeddings");
  if (embeddings === undefined)
    throw new FormatError('no tensor "embeddings"', { code: "missing-tensor", subject: "embeddings", file });
  const [count, dimension] = embeddings.shape;
  if (count === undefined || dimension === undefined || embeddings.shape.length !== 2) {
    throw new FormatError(
      `tensor "embeddings": expected [vectors, dimension], found [${embeddings.shape.join(", ")}]`,
      { code: "tensor-shape", subject: "embeddings", file },
    );
  }
  if (count > 0 && dimension === 0) {
    throw new FormatError('tensor "embeddings" has vectors without dimensions', {
      code: "tensor-shape",
      subject: "embeddings",
      file,
    });
  }
  const sentences = tensors.get("sentences");
  if (sentences !== undefined && (sentences.dtype !== "U8" || sentences.shape.length !== 1)) {
    throw new FormatError(
      `tensor "sentences": expected [bytes] of U8, found [${sentences.shape.join(", ")}] of ${sentences.dtype}`,
      { code: "tensor-shape", subject: "sentences", file },
    );
  }
  const others = new Map(metadata);
  others.delete("sentensor");
  others.delete(STATE);
  return {
    count,
    dimension,
    dtype: dtypeFor(embeddings.dtype, file),
    sentenceBytes: sentences?.byteLength ?? null,
    metadata: others,
    state: stateOf(metadata.get(STATE) ?? "closed", file),
  };
}

function stateOf(state: string, file: string): FileState {
  if (state === "closed" || state === "open" || state === "open with sentences") return state;
  throw new UnsupportedError(`the ${STATE} ${quote(state)} is unknown`, {
    code: "not-embeddings",
    subject: STATE,
    file,
  });
}

function dtypeFor(stored: string, file: string): StoredDType {
  if (stored === "I8") return "int8";
  if (stored === "U8") return "uint8";
  if (["F32", "F16", "BF16", "F64"].includes(stored)) return "float32";
  throw new UnsupportedError(
    `tensor "embeddings": ${stored} is not supported; supported: F32, F16, BF16, F64, I8, U8`,
    { code: "unsupported-dtype", subject: "embeddings", file },
  );
}

/** Quantized vectors are read by the piece: `readBytes` gives memory of its own. */
const BYTES_PER_PIECE = 2 ** 22;

function matrixOf(checkpoint: Checkpoint, { count, dimension, dtype }: SafetensorsLayout): StoredMatrix {
  return {
    dtype,
    count,
    dimension,
    async read(target, start) {
      if (target instanceof Float32Array) {
        await checkpoint.readFloat32("embeddings", target, start);
        return;
      }
      const bytes = new Uint8Array(target.buffer, target.byteOffset, target.length);
      for (let done = 0; done < bytes.length; done += BYTES_PER_PIECE) {
        const end = Math.min(done + BYTES_PER_PIECE, bytes.length);
        bytes.set(await checkpoint.readBytes("embeddings", start + done, start + end), done);
      }
    },
  };
}

async function readStoredSentences(
  checkpoint: Checkpoint,
  { count, sentenceBytes }: SafetensorsLayout,
): Promise<string[] | undefined> {
  if (sentenceBytes === null) return undefined;
  const bytes = {
    length: sentenceBytes,
    read: (start: number, end: number) => checkpoint.readBytes("sentences", start, end),
  };
  return await readSentences(bytes, count, checkpoint.name);
}
