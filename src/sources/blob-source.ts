import { ArgumentError, FileError } from "../errors.ts";
import type { FileSource, RangeReader } from "../files/file-source.ts";
import { quote } from "../files/quote.ts";
import { checkReadRange } from "../files/read-range.ts";
import { checkRelativePath, fileNameIn } from "../files/relative-path.ts";

/**
 * Files that a user dropped or picked in a browser: Blobs by path, or Files. Files that were picked as a
 * folder carry `webkitRelativePath`, "picked-folder/1_Pooling/config.json"; the picked folder's own name
 * is taken off. Files without one go by their names.
 */
export class BlobSource implements FileSource {
  readonly name: string;
  readonly #blobs: ReadonlyMap<string, Blob>;

  /** @throws ArgumentError where two files have the same path. */
  constructor(blobs: ReadonlyMap<string, Blob> | Iterable<File>, name = "files") {
    this.name = name;
    this.#blobs = blobs instanceof Map ? blobs : byPath(blobs as Iterable<File>, name);
  }

  async exists(path: string): Promise<boolean> {
    checkRelativePath(this.name, path);
    return this.#blobs.has(path);
  }

  async open(path: string): Promise<RangeReader> {
    return new BlobReader(fileNameIn(this.name, path), this.#blob(path));
  }

  async read(path: string): Promise<Uint8Array> {
    const blob = this.#blob(path);
    return await bytesOf(blob, fileNameIn(this.name, path));
  }

  #blob(path: string): Blob {
    checkRelativePath(this.name, path);
    const blob = this.#blobs.get(path);
    if (blob === undefined)
      throw new FileError(fileNameIn(this.name, path), "there is no such file", { code: "file-not-found" });
    return blob;
  }
}

function byPath(files: Iterable<File>, sourceName: string): ReadonlyMap<string, Blob> {
  const blobs = new Map<string, Blob>();
  for (const file of files) {
    const path = file.webkitRelativePath ? file.webkitRelativePath.replace(/^[^/]*\//, "") : file.name;
    if (blobs.has(path))
      throw new ArgumentError(`${sourceName}: two files have the path ${quote(path)}`, {
        code: "duplicate-name",
        subject: path,
      });
    blobs.set(path, file);
  }
  return blobs;
}

/** A Blob only gives whole buffers; large ranges go through pieces of this size. */
const LARGEST_PIECE = 2 ** 24;

class BlobReader implements RangeReader {
  readonly name: string;
  readonly size: number;
  readonly #blob: Blob;

  constructor(name: string, blob: Blob) {
    this.name = name;
    this.size = blob.size;
    this.#blob = blob;
  }

  async readInto(target: Uint8Array, position: number): Promise<void> {
    checkReadRange(this, target.length, position);
    for (let filled = 0; filled < target.length; filled += LARGEST_PIECE) {
      const end = Math.min(filled + LARGEST_PIECE, target.length);
      target.set(await bytesOf(this.#blob.slice(position + filled, position + end), this.name), filled);
    }
  }

  async close(): Promise<void> {}
}

async function bytesOf(blob: Blob, file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    // A picked file that was changed or removed since.
    throw new FileError(file, cause instanceof Error ? cause.message : String(cause), {
      cause,
    });
  }
}
