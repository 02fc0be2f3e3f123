/** From what the user calls a model to the place where its files are. */
import type { FileSource } from "./checkpoint/file-source.ts";
import { ArgumentError, UnsupportedError } from "./errors.ts";

/**
 * A folder (in Node, Deno and Bun), an http(s) address under which the files lie, or a `FileSource`.
 * @throws FileError where the folder is missing.
 */
export async function openModelSource(model: string | URL | FileSource): Promise<FileSource> {
  if (typeof model === "object" && model !== null && !(model instanceof URL)) return model;
  const name = String(model);
  if (typeof model !== "string" && !(model instanceof URL)) {
    throw new ArgumentError(`expected a folder, an address or a FileSource, got ${typeof model}`);
  }
  if (/^https?:\/\//.test(name)) {
    const { HttpSource } = await import("./checkpoint/http-source.ts");
    return new HttpSource(name);
  }
  if (typeof process === "undefined" || process.versions?.node === undefined) {
    throw new UnsupportedError(
      `"${name}": this runtime has no folders; pass an http(s) address or a FileSource`,
    );
  }
  const { openFolder } = await import("./checkpoint/folder-source-node.ts");
  return await openFolder(model);
}
