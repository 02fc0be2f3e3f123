import type { FileSource, RangeReader } from "../files/file-source.ts";

/**
 * A source of which some small files are read at once, all of them together: whoever asks for one later waits less,
 * or not at all. What they hold must not be changed by those who read it.
 *
 * @param paths files that will be asked for where they are there
 */
export function readAhead(source: FileSource, paths: readonly string[]): ReadAhead {
  return new ReadAhead(source, paths);
}

export class ReadAhead implements FileSource {
  readonly name: string;
  readonly #source: FileSource;
  /** null: there is no such file. */
  readonly #files: Map<string, Promise<Uint8Array | null>>;

  constructor(source: FileSource, paths: readonly string[]) {
    this.name = source.name;
    this.#source = source;
    this.#files = new Map(
      paths.map((path) => {
        const bytes = source.exists(path).then((there) => (there ? source.read(path) : null));
        bytes.catch(() => {}); // told to whoever asks for the file
        return [path, bytes];
      }),
    );
  }

  /** Gives up what was read, which a model that keeps its source would hold for as long as it lives. */
  forget(): void {
    this.#files.clear();
  }

  async exists(path: string): Promise<boolean> {
    const file = this.#files.get(path);
    return file === undefined ? await this.#source.exists(path) : (await file) !== null;
  }

  async isLocal(path: string): Promise<boolean> {
    return (await this.#source.isLocal?.(path)) ?? false;
  }

  async open(path: string): Promise<RangeReader> {
    return await this.#source.open(path);
  }

  async read(path: string): Promise<Uint8Array> {
    // A file that is missing is asked for again: the source knows how to say so.
    return (await this.#files.get(path)) ?? (await this.#source.read(path));
  }
}
