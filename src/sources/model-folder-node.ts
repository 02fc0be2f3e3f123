/** Models in folders on disk. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileSource } from "../files/file-source.ts";
import { openFolder } from "./folder-source-node.ts";

export interface ModelFolder {
  readonly source: FileSource;
  /** Absolute: the working directory may change. */
  readonly path: string;
}

/** Whether a file or folder of this name is there. */
export async function pathExists(name: string): Promise<boolean> {
  try {
    await stat(name);
    return true;
  } catch {
    return false;
  }
}

/** @throws FileError where it is missing or is not a folder. */
export async function openModelFolder(folder: string | URL): Promise<ModelFolder> {
  const source = await openFolder(folder);
  return { source, path: resolve(folder instanceof URL ? fileURLToPath(folder) : folder) };
}
