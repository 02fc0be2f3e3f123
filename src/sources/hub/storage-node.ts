import { SentensorError } from "../../errors.ts";
import { HubStorageError } from "./errors.ts";

/** Runs what reads or writes the cache. @throws HubStorageError that says where and what to do. */
export async function storing<T>(model: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const code = errorCode(cause);
    if (code === undefined) throw cause;
    const { message } = cause as Error;
    throw new HubStorageError(model, `${path}: ${advice.get(code) ?? message}`, { cause });
  }
}

const advice: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", "the disk is full; make room, or put the cache elsewhere (cacheFolder, or HF_HOME)"],
  ["EDQUOT", "the disk quota is used up; make room, or put the cache elsewhere (cacheFolder, or HF_HOME)"],
  ["EACCES", "no permission to write here; put the cache elsewhere (cacheFolder, or HF_HOME)"],
  ["EPERM", "no permission to write here; put the cache elsewhere (cacheFolder, or HF_HOME)"],
  ["EROFS", "this disk is read-only; put the cache elsewhere (cacheFolder, or HF_HOME)"],
]);

/** The system's code of an error ("ENOENT"); undefined for all others, such as the DOMException of an abort. */
export function errorCode(error: unknown): string | undefined {
  if (error instanceof SentensorError) return undefined;
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return typeof code === "string" ? code : undefined;
}

/** What `action` gives, or undefined where a file or folder on the way is missing. */
export async function unlessMissing<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
