import { rm, stat } from "node:fs/promises";
import { copyEmbeddings } from "../embeddings/containers.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import { quote } from "../files/quote.ts";
import { readOptions } from "../runtime/check-options.ts";
import { Mutex } from "../runtime/mutex.ts";
import {
  appendedNames,
  type Content,
  checkContent,
  checkMetadata,
  type EmbeddingsMetadata,
  type EmbeddingsToAppend,
} from "./content.ts";
import { attempt, fileExists, pathOf, sentencesPath } from "./file-access-node.ts";
import type { EmbeddingFormat } from "./format.ts";
import type { ExistingFile, GrowingFile, GrowingLayout } from "./growing-file.ts";
import { JsonLinesFile } from "./json-lines-file-node.ts";
import { createNpyFile, findNpyFile } from "./npy-file-node.ts";
import { createSafetensorsFile, findSafetensorsFile } from "./safetensors-file-node.ts";

/** For a new file: what it is to remember. For one that exists: what it has to say, where it is given. */
export type EmbeddingWriterOptions = EmbeddingsMetadata;

/** `append` of content that has been checked, and that nobody else changes. */
export let appendChecked: (writer: EmbeddingWriter, content: Content) => Promise<void>;

/**
 * Appends embeddings to a file that may be larger than memory; `openEmbeddingWriter` makes one.
 *
 * Every `append` that has resolved survives the end of the process, and what a killed writer leaves can be opened
 * and continued: `count` says where. (After a loss of power that is only sure of what was `flush`ed.)
 * Until it is closed, a .safetensors file has no sentences: they lie beside it in `<file>.sentences.jsonl`. Two
 * writers of one file at the same time destroy it.
 */
export class EmbeddingWriter implements AsyncDisposable {
  readonly #path: string;
  readonly #format: EmbeddingFormat;
  readonly #metadata: ReadonlyMap<string, string>;
  /** What was there before; null: no vectors. */
  readonly #existing: ExistingFile | null;
  /** Whether there was a file, with vectors or without. */
  readonly #existed: boolean;
  readonly #work = new Mutex();
  /** null: nothing has been appended yet. */
  #file: GrowingFile | null = null;
  #closed = false;

  static {
    appendChecked = (writer, content) => writer.#append(content);
  }

  private constructor(
    path: string,
    format: EmbeddingFormat,
    metadata: ReadonlyMap<string, string>,
    existing: ExistingFile | null,
    existed: boolean,
  ) {
    this.#path = path;
    this.#format = format;
    this.#metadata = metadata;
    this.#existing = existing;
    this.#existed = existed;
  }

  /** @throws ArgumentError, FileError, FormatError, UnsupportedError: see `openEmbeddingWriter` */
  static async open(
    file: string | URL,
    format: EmbeddingFormat,
    options: EmbeddingWriterOptions,
  ): Promise<EmbeddingWriter> {
    const path = pathOf(file);
    const metadata = checkMetadata(options, "openEmbeddingWriter");
    if (format === "npy" && metadata.size > 0) {
      throw new ArgumentError(
        `openEmbeddingWriter: .npy cannot store ${[...metadata.keys()].join(", ")}; use .safetensors or .jsonl`,
        { code: "format-without-texts", subject: "metadata" },
      );
    }
    const existed = await fileExists(path);
    if (!existed || !(await hasContent(path))) {
      return new EmbeddingWriter(path, format, metadata, null, existed);
    }
    const existing = await findFile(path, format);
    checkSameMetadata(path, existing.layout, metadata);
    return existing.count > 0
      ? new EmbeddingWriter(path, format, metadata, existing, true)
      : new EmbeddingWriter(path, format, existing.layout.metadata, null, true);
  }

  /** What all vectors of the file have in common; null: it has none. */
  get layout(): GrowingLayout | null {
    return (this.#file ?? this.#existing)?.layout ?? null;
  }

  /** Vectors in the file. */
  get count(): number {
    return (this.#file ?? this.#existing)?.count ?? 0;
  }

  /**
   * Appends vectors, and their sentences where the file has sentences. All of them are in the file, or none.
   *
   * @throws ShapeError, ArgumentError where they do not fit those in the file
   */
  async append(content: EmbeddingsToAppend): Promise<void> {
    const { embeddings, sentences } = readOptions("append", content, appendedNames);
    // Copied: the caller may fill the same memory with the next vectors while these are being written.
    await this.#append(checkContent({ embeddings: copyEmbeddings(embeddings), sentences }, "append"));
  }

  async #append(checked: Content): Promise<void> {
    await this.#work.run(async () => {
      this.#checkOpen("append");
      if (checked.rows.count === 0) return;
      const known = this.#file ?? this.#existing;
      if (known !== null) checkFits(checked, known.layout);
      this.#file ??= await (this.#existing?.continue() ?? this.#create(checked));
      await this.#file.append(checked);
    });
  }

  /** Waits until all is on the disk. */
  flush(): Promise<void> {
    return this.#work.run(async () => {
      this.#checkOpen("flush");
      await this.#file?.flush();
    });
  }

  /** Makes the file complete. Does nothing the second time. */
  close(): Promise<void> {
    return this.#work.run(async () => {
      if (this.#closed) return;
      this.#closed = true;
      if (this.#existing !== null && !this.#existing.complete) this.#file ??= await this.#existing.continue();
      if (this.#existing === null) this.#file ??= await this.#createEmpty();
      await this.#file?.close();
    });
  }

  /** `close` after a failure. Where nothing has been appended, no file is made and none is changed. */
  async abandon(): Promise<void> {
    await this.#work.run(async () => {
      if (this.#file === null) this.#closed = true;
    });
    await this.close();
    if (this.#file === null || this.count > 0 || this.#existed) return;
    for (const path of [this.#path, sentencesPath(this.#path)]) {
      await attempt(path, () => rm(path, { force: true }));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #create({ rows, dtype, sentences }: Content): Promise<GrowingFile> {
    return await createFile(this.#path, this.#format, {
      dtype,
      dimension: rows.dimension,
      sentences: sentences !== undefined,
      metadata: this.#metadata,
    });
  }

  async #createEmpty(): Promise<GrowingFile> {
    return await createFile(this.#path, this.#format, {
      dtype: "float32",
      dimension: 0,
      sentences: false,
      metadata: this.#metadata,
    });
  }

  #checkOpen(operation: string): void {
    if (!this.#closed) return;
    throw new ArgumentError(`${operation}: the writer of ${this.#path} has been closed`, {
      code: "disposed",
      subject: this.#path,
    });
  }
}

/** Whether there is more than an empty file. */
async function hasContent(path: string): Promise<boolean> {
  return (await stat(path)).size > 0;
}

function createFile(path: string, format: EmbeddingFormat, layout: GrowingLayout): Promise<GrowingFile> {
  if (format === "npy") return createNpyFile(path, layout);
  return format === "jsonl" ? JsonLinesFile.create(path, layout) : createSafetensorsFile(path, layout);
}

function findFile(path: string, format: EmbeddingFormat): Promise<ExistingFile> {
  if (format === "npy") return findNpyFile(path);
  return format === "jsonl" ? JsonLinesFile.find(path) : findSafetensorsFile(path);
}

function checkSameMetadata(path: string, layout: GrowingLayout, metadata: ReadonlyMap<string, string>): void {
  for (const [key, value] of metadata) {
    const found = layout.metadata.get(key);
    if (found === value) continue;
    const has = found === undefined ? `no ${key}` : `the ${key} ${quote(found)}`;
    throw new ArgumentError(
      `openEmbeddingWriter: expected the metadata of ${path}, which has ${has}, got ${quote(value)}`,
      { code: "append-mismatch", subject: key },
    );
  }
}

function checkFits({ rows, dtype, sentences }: Content, layout: GrowingLayout): void {
  if (rows.dimension !== layout.dimension) {
    throw new ShapeError(
      `append: expected vectors of ${layout.dimension} dimensions, as in the file, got ${rows.dimension}`,
      { code: "append-mismatch" },
    );
  }
  if (dtype !== layout.dtype) {
    throw new ArgumentError(`append: expected ${layout.dtype}, as in the file, got ${dtype}`, {
      code: "append-mismatch",
    });
  }
  if ((sentences !== undefined) !== layout.sentences) {
    throw new ArgumentError(
      layout.sentences
        ? "append: expected a sentence for every vector, as in the file, got none"
        : "append: expected no sentences, as in the file, got some",
      { code: "append-mismatch", subject: "sentences" },
    );
  }
}
