import { type FileHandle, open, rm } from "node:fs/promises";
import { type Content, rowPieces, type StoredDType } from "./content.ts";
import { attempt, sentencesPath, writeAt } from "./file-access-node.ts";
import type { GrowingFile, GrowingLayout } from "./growing-file.ts";
import { SentenceFile } from "./sentence-file-node.ts";

/** What the formats do differently. */
export interface MatrixFormat {
  /** All that stands before the data while the file grows; always equally long. */
  header(count: number): Promise<Uint8Array>;
  /** Makes the file complete when it is closed. `dataEnd`: where its rows end. */
  finish(handle: FileHandle, count: number, dataEnd: number, sentences: SentenceFile | null): Promise<void>;
}

export interface MatrixFileParts {
  readonly path: string;
  readonly layout: GrowingLayout;
  readonly format: MatrixFormat;
  /** Rows that the file has. */
  readonly count: number;
  readonly dataStart: number;
}

const byteSizes: Readonly<Record<StoredDType, number>> = { float32: 4, int8: 1, uint8: 1 };

export function rowByteLength({ dtype, dimension }: Pick<GrowingLayout, "dtype" | "dimension">): number {
  return byteSizes[dtype] * dimension;
}

/**
 * A header, then rows. An append writes sentences, then rows, then the header with their number, which lies in
 * one page of memory: whenever the process is killed, the header speaks of rows and sentences that are there.
 * What follows them is overwritten.
 */
export class MatrixFile implements GrowingFile {
  readonly layout: GrowingLayout;
  readonly #parts: MatrixFileParts;
  readonly #handle: FileHandle;
  readonly #sentences: SentenceFile | null;
  #count: number;

  private constructor(parts: MatrixFileParts, handle: FileHandle, sentences: SentenceFile | null) {
    this.layout = parts.layout;
    this.#parts = parts;
    this.#handle = handle;
    this.#sentences = sentences;
    this.#count = parts.count;
  }

  /** Begins a file, in place of one that may be there. */
  static async create(parts: MatrixFileParts): Promise<MatrixFile> {
    const { path, layout } = parts;
    const beside = sentencesPath(path);
    await attempt(beside, () => rm(beside, { force: true }));
    const sentences = layout.sentences ? await SentenceFile.create(path) : null;
    return await MatrixFile.#open(parts, "w+", sentences);
  }

  /** Continues a file. @throws FormatError where sentences are missing */
  static async continue(parts: MatrixFileParts): Promise<MatrixFile> {
    const { path, layout, count } = parts;
    const sentences = layout.sentences ? await SentenceFile.open(path, count) : null;
    return await MatrixFile.#open(parts, "r+", sentences);
  }

  static async #open(
    parts: MatrixFileParts,
    flags: "r+" | "w+",
    sentences: SentenceFile | null,
  ): Promise<MatrixFile> {
    const { path, count, format, dataStart, layout } = parts;
    const handle = await attempt(path, () => open(path, flags));
    try {
      await writeAt(handle, path, await format.header(count), 0);
      // Only now: until the header has changed, what follows the rows may belong to the file.
      await attempt(path, () => handle.truncate(dataStart + count * rowByteLength(layout)));
    } catch (error) {
      await handle.close();
      await sentences?.close();
      throw error;
    }
    return new MatrixFile(parts, handle, sentences);
  }

  get count(): number {
    return this.#count;
  }

  async append(content: Content): Promise<void> {
    const { path, format } = this.#parts;
    const sentencesEnd = await this.#sentences?.write(content.sentences ?? []);
    let position = this.#dataEnd(this.#count);
    for (const piece of rowPieces(content)) position = await writeAt(this.#handle, path, piece, position);
    const count = this.#count + content.rows.count;
    await writeAt(this.#handle, path, await format.header(count), 0);
    this.#count = count;
    if (sentencesEnd !== undefined) this.#sentences?.commit(sentencesEnd);
  }

  async flush(): Promise<void> {
    await this.#sentences?.flush();
    await attempt(this.#parts.path, () => this.#handle.datasync());
  }

  async close(): Promise<void> {
    const { path, format } = this.#parts;
    try {
      await attempt(path, () => this.#handle.truncate(this.#dataEnd(this.#count)));
      await format.finish(this.#handle, this.#count, this.#dataEnd(this.#count), this.#sentences);
      await attempt(path, () => this.#handle.sync());
    } finally {
      await this.#handle.close();
      await this.#sentences?.close();
    }
  }

  #dataEnd(count: number): number {
    return this.#parts.dataStart + count * rowByteLength(this.layout);
  }
}
