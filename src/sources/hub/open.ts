import { UnsupportedError } from "../../errors.ts";
import type { FileSource } from "../../files/file-source.ts";
import { isNodeCompatible } from "../../runtime/environment.ts";
import { openBrowserModel } from "./open-browser.ts";
import type { HubModel, HubOptions } from "./options.ts";

/**
 * The files of a model of the hub. In Node, Deno and Bun they go through the cache that huggingface_hub
 * uses, too (~/.cache/huggingface/hub, or where the variables HF_HOME and HF_HUB_CACHE say); in browsers
 * through one of their own. Each file is downloaded when it is opened, unless the cache has it.
 *
 * Without a connection, or with `localFilesOnly`, the cache serves alone.
 *
 * @param name "organization/name", or a short name: "all-MiniLM-L6-v2" means
 *   "sentence-transformers/all-MiniLM-L6-v2"
 * @throws ArgumentError where there can be no such name or revision
 * @throws HubError of the kind that tells what went wrong; the model's methods throw it as well
 */
export async function openHubModel(name: string, options: HubOptions = {}): Promise<HubModel> {
  if (isNodeCompatible()) {
    const { openNodeModel } = await import("./open-node.ts");
    return (await openNodeModel(name, options)).source;
  }
  return await openBrowserModel(name, options);
}

export interface DownloadedModel {
  /** Where the files lie under their names: the snapshot in the cache. */
  readonly folder: string;
  /** Paths in that folder. */
  readonly files: readonly string[];
}

/**
 * Puts into the cache all files that loading a model asks for.
 *
 * @param check called before weights are fetched; what it throws ends the download
 * @throws UnsupportedError in browsers, which have no folders
 * @throws ArgumentError, HubError as `openHubModel` does
 */
export async function downloadModel(
  name: string,
  options: HubOptions = {},
  check?: (source: FileSource) => Promise<void>,
): Promise<DownloadedModel> {
  if (!isNodeCompatible())
    throw new UnsupportedError("downloadModel: this runtime has no folders", { code: "no-file-system" });
  const { openNodeModel } = await import("./open-node.ts");
  const { source, folder } = await openNodeModel(name, options);
  await check?.(source);
  return { folder, files: await source.fetchAll() };
}
