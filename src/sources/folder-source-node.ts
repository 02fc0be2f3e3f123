import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ArgumentError, FileError } from "../errors.ts";
import type { FileSource, RangeReader } from "../files/file-source.ts";
import { checkReadRange } from "../files/read-range.ts";
import { checkRelativePath, fileNameIn } from "../files/relative-path.ts";

/**
 * A folder on disk, by its path or file: address.
 * @throws FileError where it is missing or is not a folder.
 */
export async function openFolder(folder: string | URL): Promise<FolderSource> {
  const path = folder instanceof URL ? addressToPath(folder) : folder;
  if (path.includes("\0"))
    throw new FileError(path, "expected a path without NUL characters", { code: "invalid-path" });
  const stats = await attempt(path, () => stat(path));
  if (!stats.isDirectory())
    throw new FileError(path, "expected a folder, found a file", { code: "not-a-folder" });
  return new FolderSource(path);
}

function addressToPath(address: URL): string {
  if (address.protocol !== "file:") {
    throw new ArgumentError(`openFolder: expected a file: address, got ${address.protocol}`, {
      code: "invalid-address",
    });
  }
  return fileURLToPath(address);
}

/**
 * The files of one folder. Paths cannot leave it; symbolic links are followed wherever they point,
 * because the hub's cache consists of them.
 */
export class FolderSource implements FileSource {
  readonly name: string;

  constructor(folder: string) {
    this.name = folder;
  }

  async exists(path: string): Promise<boolean> {
    const file = this.#locate(path);
    try {
      return (await stat(file)).isFile();
    } catch (error) {
      if (isMissing(error)) return false;
      throw asFileError(file, error);
    }
  }

  async isLocal(): Promise<boolean> {
    return true;
  }

  async open(path: string): Promise<RangeReader> {
    const file = this.#locate(path);
    return await attempt(file, async () => {
      const handle = await open(file, "r");
      try {
        const stats = await handle.stat();
        if (!stats.isFile())
          throw new FileError(file, "expected a file, found a folder or a device", { code: "not-a-file" });
        return new FileHandleReader(file, stats.size, handle);
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  async read(path: string): Promise<Uint8Array> {
    const file = this.#locate(path);
    return await attempt(file, () => readFile(file));
  }

  #locate(path: string): string {
    checkRelativePath(this.name, path);
    return fileNameIn(this.name, path);
  }
}

/** One read call asks for at most this: the system's own limit is just under 2 GiB. */
const LARGEST_READ = 2 ** 30;

class FileHandleReader implements RangeReader {
  readonly name: string;
  readonly size: number;
  readonly parallel = true;
  readonly #handle: FileHandle;

  constructor(name: string, size: number, handle: FileHandle) {
    this.name = name;
    this.size = size;
    this.#handle = handle;
  }

  async readInto(target: Uint8Array, position: number): Promise<void> {
    checkReadRange(this, target.length, position);
    await attempt(this.name, async () => {
      let filled = 0;
      while (filled < target.length) {
        const length = Math.min(target.length - filled, LARGEST_READ);
        const { bytesRead } = await this.#handle.read(target, filled, length, position + filled);
        if (bytesRead === 0) {
          throw new FileError(
            this.name,
            `was ${this.size} bytes long when it was opened; now it ends at byte ${position + filled}`,
            { code: "file-changed" },
          );
        }
        filled += bytesRead;
      }
    });
  }

  async close(): Promise<void> {
    await attempt(this.name, () => this.#handle.close());
  }
}

async function attempt<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw asFileError(file, error);
  }
}

function asFileError(file: string, error: unknown): FileError {
  if (error instanceof FileError) return error;
  if (isMissing(error))
    return new FileError(file, "there is no such file or folder", { code: "file-not-found", cause: error });
  return new FileError(file, error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}
