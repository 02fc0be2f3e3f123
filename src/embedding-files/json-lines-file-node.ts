import { type FileHandle, open } from "node:fs/promises";
import type { Content } from "./content.ts";
import { attempt, withReader, writeAt } from "./file-access-node.ts";
import type { ExistingFile, GrowingFile, GrowingLayout } from "./growing-file.ts";
import { jsonLinesHeader, jsonRowPieces, readJsonLinesLayout } from "./json-lines.ts";

const NEWLINE = Uint8Array.of(0x0a);

/** Lines are added at the end. Where the process is killed, at most the last line is cut off. */
export class JsonLinesFile implements GrowingFile {
  readonly layout: GrowingLayout;
  readonly #path: string;
  readonly #handle: FileHandle;
  #count: number;
  #end: number;

  private constructor(
    path: string,
    handle: FileHandle,
    layout: GrowingLayout,
    { count, end }: { readonly count: number; readonly end: number },
  ) {
    this.layout = layout;
    this.#path = path;
    this.#handle = handle;
    this.#count = count;
    this.#end = end;
  }

  /** Begins a .jsonl file, in place of one that may be there. */
  static async create(path: string, layout: GrowingLayout): Promise<JsonLinesFile> {
    const handle = await attempt(path, () => open(path, "w+"));
    const header = jsonLinesHeader(layout);
    const end = header === null ? 0 : await writeAt(handle, path, header, 0);
    return new JsonLinesFile(path, handle, layout, { count: 0, end });
  }

  /** Looks at a .jsonl file that is to be continued. @throws FormatError where its first lines are broken */
  static async find(path: string): Promise<ExistingFile> {
    const { found, size } = await withReader(path, async (reader) => ({
      found: await readJsonLinesLayout(reader),
      size: reader.size,
    }));
    const { count, end, lacksLineEnd } = found;
    return {
      layout: found,
      count,
      complete: end === size,
      async continue() {
        const handle = await attempt(path, () => open(path, "r+"));
        await attempt(path, () => handle.truncate(end));
        const start = lacksLineEnd ? await writeAt(handle, path, NEWLINE, end) : end;
        return new JsonLinesFile(path, handle, found, { count, end: start });
      },
    };
  }

  get count(): number {
    return this.#count;
  }

  async append(content: Content): Promise<void> {
    let end = this.#end;
    try {
      for (const piece of jsonRowPieces(content)) end = await writeAt(this.#handle, this.#path, piece, end);
    } catch (error) {
      await attempt(this.#path, () => this.#handle.truncate(this.#end));
      throw error;
    }
    this.#end = end;
    this.#count += content.rows.count;
  }

  async flush(): Promise<void> {
    await attempt(this.#path, () => this.#handle.datasync());
  }

  async close(): Promise<void> {
    await attempt(this.#path, async () => {
      await this.#handle.sync();
      await this.#handle.close();
    });
  }
}
