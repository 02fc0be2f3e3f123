import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { FileError } from "../errors.ts";

/** A whole file beside the one that it is to replace. */
export interface StagedFile {
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
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const discard = () => rm(temporary, { force: true });
  const fail = (cause: unknown): never => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FileError(path, `cannot be written: ${reason}`, { code: "file-not-writable", cause });
  };
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
  return { commit, discard };
}
