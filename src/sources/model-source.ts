/** Resolves a model argument (hub name, folder, URL, FileSource) to a file source. */

import { ArgumentError, UnsupportedError } from "../errors.ts";
import type { FileSource } from "../files/file-source.ts";
import { describe } from "../runtime/check-arguments.ts";
import { isNodeCompatible } from "../runtime/environment.ts";
import { HttpSource } from "./http-source.ts";
import { HubConnectionError, HubOfflineError, ModelNotFoundError } from "./hub/errors.ts";
import { modelNameProblem } from "./hub/model-name.ts";
import { openHubModel } from "./hub/open.ts";
import type { ThreadPlace } from "./reopen-model.ts";
import type { SourceOptions } from "./source-options.ts";

/**
 * In this order: a `FileSource`; an http(s) address under which the files lie; a folder that exists (in Node,
 * Deno and Bun); the name of a model of the hub. What cannot be such a name ("./model", "~/model", "a/b/c") is
 * the path of a folder that is missing.
 *
 * @throws FileError where a folder is missing
 * @throws HubError where the hub does not have the model, or cannot be reached
 */
export async function openModelPlace(
  model: string | URL | FileSource,
  options: SourceOptions = {},
): Promise<ThreadPlace> {
  if (isFileSource(model)) {
    return { source: model, origin: { kind: "source", name: model.name } };
  }
  if (typeof model !== "string" && !(model instanceof URL)) {
    throw new ArgumentError(
      `model: expected a folder, the name of a model, an address or a FileSource, got ${describe(model)}`,
      { subject: "model" },
    );
  }
  const name = String(model);
  if (/^https?:\/\//i.test(name)) {
    const { signal } = options;
    const source = new HttpSource(name, signal === undefined ? {} : { signal });
    return { source, origin: { kind: "address", url: name } };
  }
  const folder = /^file:/i.test(name) ? new URL(name) : name;
  const canBeName = typeof folder === "string" && modelNameProblem(folder) === undefined;
  if (!isNodeCompatible()) {
    if (canBeName) return await openHubPlace(name, options);
    throw new UnsupportedError(
      `"${name}": this runtime has no folders; pass the name of a model, an http(s) address or a FileSource`,
      { code: "no-file-system", subject: name },
    );
  }
  const { openModelFolder, pathExists } = await import("./model-folder-node.ts");
  if (canBeName && !(await pathExists(name))) {
    try {
      return await openHubPlace(name, options);
    } catch (error) {
      throw withoutFolder(error, name);
    }
  }
  const { source, path } = await openModelFolder(folder);
  return { source, origin: { kind: "folder", path } };
}

function isFileSource(model: unknown): model is FileSource {
  const { exists, open, read } = (model ?? {}) as Partial<FileSource>;
  return [exists, open, read].every((method) => typeof method === "function");
}

/** The source alone. */
export async function openModelSource(
  model: string | URL | FileSource,
  options: SourceOptions = {},
): Promise<FileSource> {
  return (await openModelPlace(model, options)).source;
}

async function openHubPlace(name: string, options: SourceOptions): Promise<ThreadPlace> {
  const source = await openHubModel(name, options);
  const { folder } = source;
  return {
    source,
    // The cache of browsers knows no folders.
    origin: folder === undefined ? { kind: "source", name: source.name } : { kind: "folder", path: folder },
  };
}

/** A name without a folder of that name may be a mistyped path: the message says both. */
function withoutFolder(error: unknown, name: string): unknown {
  const Kind = [ModelNotFoundError, HubConnectionError, HubOfflineError].find(
    (kind) => error instanceof kind,
  );
  if (Kind === undefined) return error;
  const { model, message, transient } = error as ModelNotFoundError;
  const reason = message.slice(`${model}: `.length);
  return new Kind(model, `${reason}; there is no folder "${name}" either`, { cause: error, transient });
}
