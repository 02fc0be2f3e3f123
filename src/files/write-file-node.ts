import { randomBytes } from "node:crypto";
import { link, lstat, open, rename, rm } from "node:fs/promises";
import { FileError } from "../errors.ts";

/** A whole file beside the one that it is to replace. */
export interface StagedFile {
  readonly path: string;
  /** Takes the place of the old file. @throws FileError where that fails; nothing is left then */
  commit(): Promise<void>;
  /** Removes it. */
  discard(): Promise<void>;
}

/**
 * Writes a file so that at any moment there is the old one or the complete new one: to a temporary file
 * in the same folder, through to the disk, renamed at the end. What `pieces` throws is passed on.
 *
 * @throws FileError where the folder is missing or cannot be written.
 */
export async function writeFileAtomically(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  await (await stageFile(path, pieces)).commit();
}

/** The first half of `writeFileAtomically`: the old file stays until `commit`. */
export async function stageFile(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<StagedFile> {
  const temporary = temporaryName(path);
  const discard = () => rm(temporary, { force: true });
  const fail = (cause: unknown) => cannotBeWritten(path, cause);
  const handle = await open(temporary, "wx").catch(fail);
  try {
    for await (const piece of pieces) {
      for (let written = 0; written < piece.length; ) {
        // One call writes at most what the system takes, just under 2 GiB.
        const { bytesWritten } = await handle
          .write(piece, written, Math.min(piece.length - written, 2 ** 30))
          .catch(fail);
        written += bytesWritten;
      }
    }
    await handle.sync().catch(fail);
    await handle.close().catch(fail);
  } catch (error) {
    await handle.close().catch(() => {}); // nothing to do where it is closed already
    await discard();
    throw error;
  }
  const commit = async () => {
    try {
      await rename(temporary, path);
    } catch (cause) {
      await discard();
      fail(cause);
    }
  };
  return { path, commit, discard };
}

/**
 * Commits several files, in this order: all of them, or none. What was there is kept aside until the last file is in
 * its place, and put back where one cannot be. A process that is killed in between leaves files of both.
 *
 * @param makeLink gives a file a second name; `link` of Node where it is not given
 * @throws FileError of the file that could not be replaced
 */
export async function commitAll(files: readonly StagedFile[], makeLink = link): Promise<void> {
  const aside: string[] = [];
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const { path, commit } of files) {
      const old = await keepAside(path, makeLink);
      if (old !== null) {
        aside.push(old);
        undo.push(() => putBack(old, path));
      }
      await commit();
      if (old === null) undo.push(() => rm(path));
    }
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => {}); // then it stays under its other name
    throw error;
  }
  for (const old of aside) await rm(old, { force: true });
}

async function putBack(old: string, path: string): Promise<void> {
  await rename(old, path);
  await rm(old, { force: true }); // still there where both were names of one file: `rename` does nothing then
}

/** @returns the second name of a file; null where there is none of the first */
async function keepAside(path: string, makeLink: typeof link): Promise<string | null> {
  const stats = await lstat(path).catch(() => null);
  if (stats === null || stats.isDirectory()) return null;
  const old = temporaryName(path);
  try {
    await makeLink(path, old);
  } catch {
    // Not every file system has links; without them, no file has this name for a moment.
    await rename(path, old).catch((cause) => cannotBeWritten(path, cause));
  }
  return old;
}

function cannotBeWritten(path: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new FileError(path, `cannot be written: ${reason}`, { code: "file-not-writable", cause });
}

function temporaryName(path: string): string {
  return `${path}.${randomBytes(6).toString("hex")}.tmp`;
}
