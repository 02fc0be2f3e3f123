import { mkdir, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { FileError } from "../errors.ts";
import type { StagedTarget } from "./file-target.ts";
import { checkRelativePath } from "./relative-path.ts";
import { commitAll, type StagedFile, stageFile } from "./write-file-node.ts";

/** A folder on disk, made where it is missing. Its files stay as they are until all new ones are whole. */
export function folderTarget(folder: string | URL): StagedTarget {
  const root = folder instanceof URL ? fileURLToPath(folder) : folder;
  const staged: StagedFile[] = [];
  /** From the outermost on. */
  const made: string[] = [];
  return {
    async write(path, content) {
      checkRelativePath(root, path);
      const file = join(root, path);
      const parent = dirname(file);
      const first = await mkdir(parent, { recursive: true }).catch((cause: Error) => {
        throw new FileError(parent, `cannot be created as a folder: ${cause.message}`, {
          code: "file-not-writable",
          cause,
        });
      });
      if (first !== undefined) made.push(...foldersBetween(resolve(first), resolve(parent)));
      staged.push(await stageFile(file, piecesOf(content)));
    },
    async commit() {
      await commitAll(staged);
    },
    async discard() {
      for (const file of staged) await file.discard();
      for (const each of made.reverse()) await rmdir(each).catch(() => {}); // somebody else uses it by now
    },
  };
}

/** Both, and those on the way from one to the other. */
function foldersBetween(outermost: string, innermost: string): string[] {
  const depth = (path: string) => join(path, "x").split(/[\\/]/).length;
  const folders = [innermost];
  while (depth(folders[0]!) > depth(outermost)) folders.unshift(dirname(folders[0]!));
  return folders;
}

function piecesOf(
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof content === "string") return [new TextEncoder().encode(content)];
  return content instanceof Uint8Array ? [content] : content;
}
