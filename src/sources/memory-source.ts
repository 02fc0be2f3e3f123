import { ArgumentError, FileError } from "../errors.ts";
import type { FileSource, RangeReader } from "../files/file-source.ts";
import { checkReadRange } from "../files/read-range.ts";
import { checkRelativePath, fileNameIn } from "../files/relative-path.ts";

/** Files that are already in memory, by path. */
export class MemorySource implements FileSource {
  readonly name: string;
  readonly #files: ReadonlyMap<string, Uint8Array>;

  constructor(files: ReadonlyMap<string, Uint8Array>, name = "memory") {
    if (!(files instanceof Map)) throw new ArgumentError("MemorySource: expected a Map of files by path");
    this.name = name;
    this.#files = new Map(files);
  }

  async exists(path: string): Promise<boolean> {
    checkRelativePath(this.name, path);
    return this.#files.has(path);
  }

  async open(path: string): Promise<RangeReader> {
    return new MemoryReader(fileNameIn(this.name, path), this.#bytes(path));
  }

  /** A copy: the caller may change it. */
  async read(path: string): Promise<Uint8Array> {
    return this.#bytes(path).slice();
  }

  #bytes(path: string): Uint8Array {
    checkRelativePath(this.name, path);
    const bytes = this.#files.get(path);
    if (bytes === undefined)
      throw new FileError(fileNameIn(this.name, path), "there is no such file", { code: "file-not-found" });
    return bytes;
  }
}

export class MemoryReader implements RangeReader {
  readonly name: string;
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    this.size = bytes.length;
    this.#bytes = bytes;
  }

  async readInto(target: Uint8Array, position: number): Promise<void> {
    checkReadRange(this, target.length, position);
    target.set(this.#bytes.subarray(position, position + target.length));
  }

  async close(): Promise<void> {}
}
