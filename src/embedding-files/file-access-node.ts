import { type FileHandle, realpath } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ArgumentError, FileError } from "../errors.ts";
import type { RangeReader } from "../files/file-source.ts";
import { FolderSource } from "../sources/folder-source-node.ts";

/** @throws ArgumentError for an address that is not a file: one */
export function pathOf(file: string | URL): string {
  if (!(file instanceof URL)) return file;
  if (file.protocol === "file:") return fileURLToPath(file);
  throw new ArgumentError(`embeddings: expected a path or a file: address, got ${file.protocol}`, {
    code: "invalid-address",
  });
}

/** The file that a symbolic link leads to: it is replaced, and the link stays. */
export async function linkTarget(path: string): Promise<string> {
  return await realpath(path).catch(() => path);
}

/** The folder that a file lies in, and the file's name there. */
export function sourceOf(path: string): { readonly source: FolderSource; readonly name: string } {
  return { source: new FolderSource(dirname(path)), name: basename(path) };
}

export async function fileExists(path: string): Promise<boolean> {
  const { source, name } = sourceOf(path);
  return await source.exists(name);
}

/** Opens a file for reading and closes it when `body` has ended. */
export async function withReader<T>(path: string, body: (reader: RangeReader) => Promise<T>): Promise<T> {
  const { source, name } = sourceOf(path);
  const reader = await source.open(name);
  try {
    return await body(reader);
  } finally {
    await reader.close();
  }
}

/** Where the sentences of a file lie that has no place for them, or not yet. */
export function sentencesPath(path: string): string {
  return `${path}.sentences.jsonl`;
}

/** Runs a file operation. @throws FileError where it fails */
export async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FileError(path, `cannot be written: ${reason}`, { code: "file-not-writable", cause });
  }
}

/** Writes all bytes from `position` on. @returns where they end. @throws FileError where that fails */
export async function writeAt(
  handle: FileHandle,
  path: string,
  bytes: Uint8Array,
  position: number,
): Promise<number> {
  let written = 0;
  while (written < bytes.length) {
    const result = await attempt(path, () =>
      handle.write(bytes, written, bytes.length - written, position + written),
    );
    written += result.bytesWritten;
  }
  return position + written;
}
