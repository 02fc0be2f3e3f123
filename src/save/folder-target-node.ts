import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkRelativePath } from "../checkpoint/relative-path.ts";
import { writeFileAtomically } from "../checkpoint/write-file-node.ts";
import { FileError } from "../errors.ts";
import type { FileTarget } from "./file-target.ts";

/** A folder on disk, made where it is missing. Each file is complete or not there. */
export function folderTarget(folder: string | URL): FileTarget {
  const root = folder instanceof URL ? fileURLToPath(folder) : folder;
  return {
    async write(path, content) {
      checkRelativePath(root, path);
      const file = join(root, path);
      const parent = dirname(file);
      await mkdir(parent, { recursive: true }).catch((cause: Error) => {
        throw new FileError(parent, `cannot be created as a folder: ${cause.message}`, {
          code: "file-not-writable",
          cause,
        });
      });
      await writeFileAtomically(file, piecesOf(content));
    },
  };
}

function piecesOf(
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof content === "string") return [new TextEncoder().encode(content)];
  return content instanceof Uint8Array ? [content] : content;
}
