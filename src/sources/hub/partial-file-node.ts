import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { errorCode, unlessMissing } from "./storage-node.ts";

/**
 * A blob on its way into the cache. Its name says who writes it,
 *
 *     blobs/<etag>.<host>-<process>-<random>.incomplete
 *
 * or that nobody does, since its writer gave up: blobs/<etag>.parked.incomplete. Whoever wants to go on with
 * such a file renames it, which works for one process only. (huggingface_hub names its own files
 * <etag>.<random>.incomplete, and <etag>.incomplete up to version 1.2; its command `hf cache` knows the
 * ending.)
 *
 * A process may take a file from another that only seems to be dead (on another machine, say). Both then
 * write the same bytes to the same places: files are written at positions, never shortened, and become a blob
 * only after the hash of what was written has been checked.
 */
export class PartialFile {
  readonly #path: string;
  readonly #parked: string;
  readonly #handle: FileHandle;
  #size: number;

  constructor(paths: { readonly path: string; readonly parked: string }, handle: FileHandle, size: number) {
    this.#path = paths.path;
    this.#parked = paths.parked;
    this.#handle = handle;
    this.#size = size;
  }

  /** In bytes, so far. */
  get size(): number {
    return this.#size;
  }

  /** What is there from an earlier time, piece by piece. */
  async *content(): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(2 ** 20);
    const size = this.#size;
    for (let position = 0; position < size; ) {
      const length = Math.min(buffer.length, size - position);
      const { bytesRead } = await this.#handle.read(buffer, 0, length, position);
      if (bytesRead === 0) throw new Error(`${this.#path} became shorter while it was read`);
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, written, bytes.length - written, this.#size);
      written += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  /**
   * Makes the file a blob. It is on the disk before it has its name.
   * @returns false where another process took it; that one makes it a blob
   */
  async finish(blob: string): Promise<boolean> {
    await this.#handle.datasync();
    await this.#handle.close();
    try {
      await rename(this.#path, blob);
      return true;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return false;
      // Windows does not replace a file that somebody has open, another process that was faster, say.
      const isThere = (await unlessMissing(() => stat(blob)))?.size === this.#size;
      await rm(this.#path, { force: true });
      if (isThere) return true;
      throw error;
    }
  }

  /** Leaves the file to whoever goes on with it. */
  async park(): Promise<void> {
    await this.#handle.close().catch(() => {});
    if (this.#size === 0) await rm(this.#path, { force: true }).catch(() => {});
    else await rename(this.#path, this.#parked).catch(() => {});
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await rm(this.#path, { force: true }).catch(() => {});
  }
}

/** A file that another process is writing now. */
export interface BusyFile {
  /** In bytes, so far. */
  readonly busy: number;
}

/** A writer of whom nothing was seen for so long is taken for dead, and its file is taken over. */
const SILENCE_OF_THE_DEAD = 2 * 60_000;

const HOST = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);

/**
 * Begins a blob, or goes on with one that was left behind; not with one that somebody is writing.
 *
 * @param wait resolves after so many milliseconds
 */
export async function claimPartialFile(
  blobs: string,
  etag: string,
  wait: (milliseconds: number) => Promise<void>,
): Promise<PartialFile | BusyFile> {
  return await exclusively(join(blobs, `${etag}.claim`), wait, () => claim(blobs, etag));
}

async function claim(blobs: string, etag: string): Promise<PartialFile | BusyFile> {
  const own = `${etag}.${HOST}-${process.pid}-${randomBytes(4).toString("hex")}.incomplete`;
  const paths = { path: join(blobs, own), parked: join(blobs, `${etag}.parked.incomplete`) };
  let busy: number | undefined;
  for (const name of await readdir(blobs)) {
    if (!name.startsWith(`${etag}.`) || !name.endsWith(".incomplete")) continue;
    const writer = parseWriter(name.slice(etag.length + 1, -".incomplete".length));
    if (writer === undefined) continue; // another program's
    const candidate = join(blobs, name);
    const stats = await unlessMissing(() => stat(candidate));
    if (stats === undefined) continue;
    if (isAlive(writer, stats.mtimeMs)) {
      busy = Math.max(busy ?? 0, stats.size);
    } else if ((await unlessMissing(() => rename(candidate, paths.path).then(() => true))) === true) {
      const handle = await open(paths.path, "r+");
      return new PartialFile(paths, handle, (await handle.stat()).size);
    }
  }
  if (busy !== undefined) return { busy };
  return new PartialFile(paths, await open(paths.path, "wx+"), 0);
}

const LONGEST_CLAIM = 5_000;

/** One process at a time. A claim takes milliseconds; older marks are those of processes that ended in it. */
async function exclusively<T>(
  mark: string,
  wait: (milliseconds: number) => Promise<void>,
  action: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      await (await open(mark, "wx")).close();
      break;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
    const stats = await unlessMissing(() => stat(mark));
    if (stats !== undefined && Date.now() - stats.mtimeMs > LONGEST_CLAIM) await rm(mark, { force: true });
    else await wait(10);
  }
  try {
    return await action();
  } finally {
    await rm(mark, { force: true });
  }
}

type Writer = "nobody" | { readonly host: string; readonly process: number };

function parseWriter(text: string): Writer | undefined {
  if (text === "parked") return "nobody";
  const match = /^([0-9a-f]{8})-(\d+)-[0-9a-f]{8}$/.exec(text);
  return match === null ? undefined : { host: match[1]!, process: Number(match[2]) };
}

function isAlive(writer: Writer, lastWrite: number): boolean {
  if (writer === "nobody" || Date.now() - lastWrite > SILENCE_OF_THE_DEAD) return false;
  if (writer.host !== HOST) return true;
  // The same number as ours, but before we began: a container that was started again.
  if (writer.process === process.pid) return lastWrite > Date.now() - process.uptime() * 1000;
  try {
    process.kill(writer.process, 0); // sends nothing, only looks
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}
