import { rm } from "node:fs/promises";
import type { CheckpointDType } from "../checkpoint/dtype.ts";
import { openSafetensors } from "../checkpoint/safetensors/open.ts";
import { UnsupportedError } from "../errors.ts";
import type { FileSource, RangeReader } from "../files/file-source.ts";
import { writeFileAtomically } from "../files/write-file-node.ts";
import { attempt, sentencesPath, sourceOf, writeAt } from "./file-access-node.ts";
import type { ExistingFile, GrowingLayout } from "./growing-file.ts";
import { MatrixFile, type MatrixFormat, rowByteLength } from "./matrix-file-node.ts";
import { readLayout, type SafetensorsLayout, safetensorsHeader } from "./safetensors.ts";
import type { SentenceFile } from "./sentence-file-node.ts";

/** More bytes than a file can have: whether its header has room for the numbers. */
const MANY_BYTES = 10 ** 15;

/** Begins a .safetensors file, in place of one that may be there. */
export async function createSafetensorsFile(path: string, layout: GrowingLayout): Promise<MatrixFile> {
  const dataStart = (await safetensorsHeader(openLayout(layout, 0)))!.length;
  const format = safetensorsFormat(path, layout, dataStart);
  return await MatrixFile.create({ path, layout, format, count: 0, dataStart });
}

/**
 * Looks at a .safetensors file that is to be continued, whether or not its writer has closed it. Its sentences lie
 * beside it while it grows, and are moved into it when it is closed.
 *
 * @throws FormatError where it is broken. @throws UnsupportedError where it is not what this package appends to
 */
export async function findSafetensorsFile(path: string): Promise<ExistingFile> {
  const { found, stored, dataStart } = await inspect(path);
  const { dtype, dimension, metadata, count, sentenceBytes, state } = found;
  const layout = {
    dtype,
    dimension,
    metadata,
    sentences: sentenceBytes !== null || state === "open with sentences",
  };
  if (!["F32", "I8", "U8"].includes(stored)) {
    throw new UnsupportedError(`expected vectors of F32, I8 or U8 to append to, found ${stored}`, {
      code: "cannot-append",
      file: path,
    });
  }
  const many = Math.floor(MANY_BYTES / Math.max(1, rowByteLength(layout)));
  const widest = { ...openLayout(layout, many), sentenceBytes: MANY_BYTES };
  if ((await safetensorsHeader(widest, dataStart)) === undefined) {
    throw new UnsupportedError("the header has no room for more rows; load and save the file to make some", {
      code: "cannot-append",
      file: path,
    });
  }
  const format = safetensorsFormat(path, layout, dataStart);
  return {
    layout,
    count,
    complete: state === "closed",
    async continue() {
      if (sentenceBytes !== null) await copySentences(path);
      return await MatrixFile.continue({ path, layout, format, count, dataStart });
    },
  };
}

function openLayout(layout: GrowingLayout, count: number): SafetensorsLayout {
  const state = layout.sentences ? "open with sentences" : "open";
  return { ...layout, count, sentenceBytes: null, state };
}

function safetensorsFormat(path: string, layout: GrowingLayout, dataStart: number): MatrixFormat {
  return {
    header: async (count) => (await safetensorsHeader(openLayout(layout, count), dataStart))!,
    async finish(handle, count, dataEnd, sentences: SentenceFile | null) {
      let end = dataEnd;
      if (sentences !== null) {
        for await (const piece of sentences.pieces()) end = await writeAt(handle, path, piece, end);
      }
      await attempt(path, () => handle.datasync());
      const sentenceBytes = sentences === null ? null : end - dataEnd;
      const closed = { ...layout, count, sentenceBytes, state: "closed" } as const;
      await writeAt(handle, path, (await safetensorsHeader(closed, dataStart))!, 0);
      if (sentences === null) return;
      await attempt(path, () => handle.datasync());
      await attempt(sentences.path, () => rm(sentences.path));
    },
  };
}

interface Inspected {
  readonly found: SafetensorsLayout;
  /** The element type that the file has. */
  readonly stored: CheckpointDType;
  readonly dataStart: number;
}

async function inspect(path: string): Promise<Inspected> {
  const { source, name } = sourceOf(path);
  const checkpoint = await openSafetensors(new ClaimedSource(source), name);
  try {
    const found = readLayout(checkpoint);
    const embeddings = checkpoint.tensors.get("embeddings")!;
    const sentences = checkpoint.tensors.get("sentences");
    if (sentences !== undefined && sentences.byteOffset < embeddings.byteOffset) {
      throw new UnsupportedError(
        "the vectors lie behind the sentences; load and save the file to append to it",
        { code: "cannot-append", file: path },
      );
    }
    return { found, stored: embeddings.dtype, dataStart: embeddings.byteOffset };
  } finally {
    await checkpoint.close();
  }
}

/** The sentences of a closed file, to where they lie while it grows. */
async function copySentences(path: string): Promise<void> {
  const { source, name } = sourceOf(path);
  const checkpoint = await openSafetensors(source, name);
  try {
    const { byteLength } = checkpoint.tensors.get("sentences")!;
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      for (let start = 0; start < byteLength; start += 2 ** 20) {
        yield await checkpoint.readBytes("sentences", start, Math.min(start + 2 ** 20, byteLength));
      }
    };
    await writeFileAtomically(sentencesPath(path), pieces());
  } finally {
    await checkpoint.close();
  }
}

/** A file that was being written may be longer than its header says: this shows only what the header claims. */
class ClaimedSource implements FileSource {
  readonly name: string;
  readonly #source: FileSource;

  constructor(source: FileSource) {
    this.name = source.name;
    this.#source = source;
  }

  exists(path: string): Promise<boolean> {
    return this.#source.exists(path);
  }

  read(path: string): Promise<Uint8Array> {
    return this.#source.read(path);
  }

  async open(path: string): Promise<RangeReader> {
    const reader = await this.#source.open(path);
    const size = Math.min(reader.size, (await claimedSize(reader)) ?? reader.size);
    return {
      name: reader.name,
      size,
      readInto: (target, position) => reader.readInto(target, position),
      close: () => reader.close(),
    };
  }
}

/** Where the data of an open file ends, as far as that can be told from a header that nobody has checked. */
async function claimedSize(reader: RangeReader): Promise<number | undefined> {
  const prefix = new Uint8Array(8);
  if (reader.size < prefix.length) return undefined;
  await reader.readInto(prefix, 0);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > reader.size - 8 || length > 2 ** 24) return undefined;
  const bytes = new Uint8Array(length);
  await reader.readInto(bytes, 8);
  try {
    const header = JSON.parse(new TextDecoder().decode(bytes));
    if (!String(header.__metadata__.state).startsWith("open")) return undefined;
    const end: unknown = header.embeddings.data_offsets[1];
    return typeof end === "number" ? 8 + length + end : undefined;
  } catch {
    return undefined; // the reader that comes next says what is wrong
  }
}
