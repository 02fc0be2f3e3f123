import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { FileError } from "../errors.ts";

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
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const handle = await open(temporary, "wx").catch((cause) => fail(path, cause));
    try {
      for await (const piece of pieces) {
        for (let written = 0; written < piece.length; ) {
          // One call writes at most what the system takes, just under 2 GiB.
          const { bytesWritten } = await handle
            .write(piece, written, Math.min(piece.length - written, 2 ** 30))
            .catch((cause) => fail(path, cause));
          written += bytesWritten;
        }
      }
      await handle.sync().catch((cause) => fail(path, cause));
    } finally {
      await handle.close();
    }
    await rename(temporary, path).catch((cause) => fail(path, cause));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function fail(path: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new FileError(path, `cannot be written: ${reason}`, { code: "file-not-writable", cause });
}
