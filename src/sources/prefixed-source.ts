import type { FileSource, RangeReader } from "../files/file-source.ts";
import { checkRelativePath, fileNameIn } from "../files/relative-path.ts";

/**
 * The subfolder `folder` of a source, as a source: `prefixed(source, "1_Pooling")`. The empty string is
 * the folder itself, as `path` in modules.json means it.
 *
 * @throws ArgumentError where `folder` is absolute or contains "..".
 */
export function prefixed(source: FileSource, folder: string): FileSource {
  if (folder === "") return source;
  const inner = folder.replace(/\/$/, "");
  checkRelativePath(source.name, inner);
  return new PrefixedSource(source, inner);
}

class PrefixedSource implements FileSource {
  readonly name: string;
  readonly #source: FileSource;
  readonly #folder: string;

  constructor(source: FileSource, folder: string) {
    this.name = fileNameIn(source.name, folder);
    this.#source = source;
    this.#folder = folder;
  }

  async exists(path: string): Promise<boolean> {
    return await this.#source.exists(this.#within(path));
  }

  async isLocal(path: string): Promise<boolean> {
    return (await this.#source.isLocal?.(this.#within(path))) ?? false;
  }

  async open(path: string): Promise<RangeReader> {
    return await this.#source.open(this.#within(path));
  }

  async read(path: string): Promise<Uint8Array> {
    return await this.#source.read(this.#within(path));
  }

  /** Checked here as well: the joined path alone would hide that `path` is absolute. */
  #within(path: string): string {
    checkRelativePath(this.name, path);
    return `${this.#folder}/${path}`;
  }
}
