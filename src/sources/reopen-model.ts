/** A model's files once more, found by another thread. */
import type { FileSource } from "../files/file-source.ts";
import { HttpSource } from "./http-source.ts";

/** How another thread finds the same files: plain data. */
export type ThreadOrigin =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "address"; readonly url: string }
  /** Only through the source itself, in the thread that has it. */
  | { readonly kind: "source"; readonly name: string };

/** A source, and how another thread finds its files. */
export interface ThreadPlace {
  readonly source: FileSource;
  readonly origin: ThreadOrigin;
}

/** @throws FileError where the folder is missing */
export async function reopenModel(origin: Exclude<ThreadOrigin, { kind: "source" }>): Promise<FileSource> {
  if (origin.kind === "address") return new HttpSource(origin.url);
  const { openModelFolder } = await import("./model-folder-node.ts");
  return (await openModelFolder(origin.path)).source;
}
