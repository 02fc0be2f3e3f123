import { type FileHandle, open } from "node:fs/promises";
import { FormatError } from "../errors.ts";
import { attempt, sentencesPath, withReader, writeAt } from "./file-access-node.ts";
import { findLineEnds, rangeOf } from "./lines.ts";
import { sentencePieces } from "./sentence-lines.ts";

/** The sentences beside a file: see sentence-lines.ts. */
export class SentenceFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #end: number;

  private constructor(path: string, handle: FileHandle, end: number) {
    this.path = path;
    this.#handle = handle;
    this.#end = end;
  }

  /** A new one, in place of one that may be there. */
  static async create(embeddingsPath: string): Promise<SentenceFile> {
    const path = sentencesPath(embeddingsPath);
    return new SentenceFile(path, await attempt(path, () => open(path, "w+")), 0);
  }

  /** The first `count` sentences of the one that is there. @throws FormatError where it has fewer */
  static async open(embeddingsPath: string, count: number): Promise<SentenceFile> {
    const path = sentencesPath(embeddingsPath);
    const found = await withReader(path, (reader) => findLineEnds(rangeOf(reader), count));
    if (found.count < count) {
      throw new FormatError(`expected ${count} sentences, one for each vector, found ${found.count}`, {
        code: "sentence-count",
        file: path,
      });
    }
    const handle = await attempt(path, () => open(path, "r+"));
    return new SentenceFile(path, handle, found.end);
  }

  /** Whether the one that is there has nothing but `count` sentences. */
  static async isComplete(embeddingsPath: string, count: number): Promise<boolean> {
    return await withReader(sentencesPath(embeddingsPath), async (reader) => {
      const found = await findLineEnds(rangeOf(reader), count);
      return found.count === count && found.end === reader.size;
    });
  }

  /** In bytes. */
  get length(): number {
    return this.#end;
  }

  /** Writes the sentences after the others; they belong to the file once `commit` is told where they end. */
  async write(sentences: readonly string[]): Promise<number> {
    let end = this.#end;
    for (const piece of sentencePieces(sentences)) end = await writeAt(this.#handle, this.path, piece, end);
    return end;
  }

  commit(end: number): void {
    this.#end = end;
  }

  async flush(): Promise<void> {
    await attempt(this.path, () => this.#handle.datasync());
  }

  /** The bytes, in pieces. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    const piece = new Uint8Array(2 ** 20);
    for (let position = 0; position < this.#end; ) {
      const length = Math.min(piece.length, this.#end - position);
      const { bytesRead } = await attempt(this.path, () => this.#handle.read(piece, 0, length, position));
      if (bytesRead === 0) {
        throw new FormatError(`was cut off at byte ${position} while it was in use`, {
          code: "file-changed",
          file: this.path,
        });
      }
      yield piece.subarray(0, bytesRead);
      position += bytesRead;
    }
  }

  async close(): Promise<void> {
    await attempt(this.path, async () => {
      await this.#handle.truncate(this.#end);
      await this.#handle.close();
    });
  }
}
