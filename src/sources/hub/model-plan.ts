import {
  CONFIG,
  MODEL_SETTINGS,
  MODULES,
  ROUTER_CONFIG,
  TOKENIZER,
  tokenizerSettings,
  transformerSettings,
  vocabularies,
  type WeightFile,
  weightFiles,
} from "../../files/model-files.ts";
import { hubPathProblem } from "./hub-path.ts";
import type { ModelListing } from "./listing.ts";

/** Which files of a model will be asked for, so that they can be fetched side by side. */
export interface ModelPlan {
  /** Settings and vocabularies. */
  readonly descriptions: readonly string[];
  readonly weights: readonly string[];
}

const settings = [MODULES, MODEL_SETTINGS, CONFIG, ROUTER_CONFIG, ...tokenizerSettings];

/** A model has a handful of modules; a hostile list is not worth following. */
const MOST_MODULES = 100;

/**
 * The files that loading a model asks for: those in its own folder, and in the folders of its modules and their routes.
 *
 * @param read gives a file of the listing that names folders; undefined: it is not at hand, and none are known
 */
export async function planModel(
  listing: ModelListing,
  read: (path: string) => Promise<Uint8Array | undefined>,
): Promise<ModelPlan> {
  const modules = listing.files.has(MODULES) ? listedModules(await read(MODULES)) : [];
  const folders = new Set<string>();
  for (const { path, isRouter } of modules) {
    if (folders.has(path) || folders.size === MOST_MODULES) continue;
    folders.add(path);
    if (isRouter) modules.push(...(await routedModules(listing, path, read)));
  }
  const plans = [...new Set(["", ...folders])].map((folder) => planFolder(listing, folder));
  return {
    descriptions: plans.flatMap(({ descriptions }) => descriptions),
    weights: plans.flatMap(({ weights }) => weights),
  };
}

/** The files that are asked for in one folder, "" being the model's own. */
export function planFolder({ files }: ModelListing, folder: string): ModelPlan {
  const prefix = folder === "" ? "" : `${folder}/`;
  const has = (name: string) => files.has(prefix + name);
  const descriptions = settings.filter(has);
  const own = transformerSettings.find(has);
  if (own !== undefined) descriptions.push(own);
  descriptions.push(...(has(TOKENIZER) ? [TOKENIZER] : vocabularies.filter(has)));
  const format = weightFiles.find(({ file }) => has(file));
  if (format?.shards !== undefined) descriptions.push(format.file);
  return {
    descriptions: descriptions.map((name) => prefix + name),
    weights: format === undefined ? [] : planWeights(files, prefix, format),
  };
}

function planWeights(files: ModelListing["files"], prefix: string, { file, shards }: WeightFile): string[] {
  if (shards === undefined) return [prefix + file];
  return [...files.keys()].filter(
    (path) => path.startsWith(prefix) && shards.test(path.slice(prefix.length)),
  );
}

/** Whether a file holds weights: the loader asks for them last, and not everybody asks for them. */
export function isWeights(path: string): boolean {
  return /\.(?:safetensors|bin)$/.test(path);
}

/** A module's folder, "" being the model's own. */
interface ModuleFolder {
  readonly path: string;
  /** Whether its own files name more of them. */
  readonly isRouter: boolean;
}

/** Those that modules.json names. What is wrong with the file is for the loader to say. */
function listedModules(modulesJson: Uint8Array | undefined): ModuleFolder[] {
  const modules = parse(modulesJson);
  if (!Array.isArray(modules)) return [];
  return modules.slice(0, MOST_MODULES).flatMap((module: unknown) => {
    const { path, type } = (module ?? {}) as { readonly path?: unknown; readonly type?: unknown };
    return typeof path === "string" ? moduleFolder(path, type) : [];
  });
}

/** The modules of a router's routes, in the first of two files that says anything, as the loader has it. */
async function routedModules(
  { files }: ModelListing,
  folder: string,
  read: (path: string) => Promise<Uint8Array | undefined>,
): Promise<ModuleFolder[]> {
  const prefix = folder === "" ? "" : `${folder}/`;
  for (const name of [ROUTER_CONFIG, CONFIG]) {
    if (!files.has(prefix + name)) continue;
    const config = parse(await read(prefix + name)) ?? {};
    if (Object.keys(config).length === 0) continue;
    const { types } = config as { readonly types?: unknown };
    if (typeof types !== "object" || types === null) return [];
    return Object.entries(types)
      .slice(0, MOST_MODULES)
      .flatMap(([id, type]) => moduleFolder(prefix + id, type));
  }
  return [];
}

function moduleFolder(path: string, type: unknown): ModuleFolder[] {
  if (path !== "" && hubPathProblem(path) !== undefined) return [];
  return [{ path, isRouter: /\.(?:Router|Asym)$/.test(String(type)) }];
}

/** undefined where it is no JSON. */
function parse(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
