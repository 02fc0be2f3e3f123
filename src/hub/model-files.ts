import { hubPathProblem } from "./hub-path.ts";
import type { ModelListing } from "./listing.ts";

/** Which files of a model will be asked for, so that they can be fetched side by side. */
export interface ModelPlan {
  /** Settings and vocabularies. */
  readonly descriptions: readonly string[];
  readonly weights: readonly string[];
}

/** Of sentence_bert_config.json, models have one of these names. */
const moduleSettings = [
  "sentence_bert_config.json",
  "sentence_roberta_config.json",
  "sentence_distilbert_config.json",
  "sentence_camembert_config.json",
  "sentence_albert_config.json",
  "sentence_xlm-roberta_config.json",
  "sentence_xlnet_config.json",
];

const settings = [
  "modules.json",
  "config_sentence_transformers.json",
  "config.json",
  "router_config.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
];

/** Only needed where there is no tokenizer.json. */
const vocabularies = [
  "vocab.txt",
  "vocab.json",
  "merges.txt",
  "sentencepiece.bpe.model",
  "spiece.model",
  "tokenizer.model",
];

interface WeightFormat {
  readonly file: string;
  /** Of the files that it is the index of. */
  readonly shards?: RegExp;
}

/** The first that is there is read, no other. */
const weightFormats: readonly WeightFormat[] = [
  { file: "model.safetensors" },
  { file: "model.safetensors.index.json", shards: /^model-\d+-of-\d+\.safetensors$/ },
  { file: "pytorch_model.bin" },
  { file: "pytorch_model.bin.index.json", shards: /^pytorch_model-\d+-of-\d+\.bin$/ },
];

/** A model has a handful of modules; a hostile list is not worth following. */
export const MOST_MODULES = 100;

/** The files that loading a model of these module folders (see `moduleFolders`) asks for. */
export function planFiles(listing: ModelListing, folders: readonly string[]): ModelPlan {
  const all = new Set(["", ...folders]);
  const plans = [...all].map((folder) => planFolder(listing, folder));
  return {
    descriptions: plans.flatMap(({ descriptions }) => descriptions),
    weights: plans.flatMap(({ weights }) => weights),
  };
}

function planFolder({ files }: ModelListing, folder: string): ModelPlan {
  const prefix = folder === "" ? "" : `${folder}/`;
  const has = (name: string) => files.has(prefix + name);
  const descriptions = settings.filter(has);
  const own = moduleSettings.find(has);
  if (own !== undefined) descriptions.push(own);
  descriptions.push(...(has("tokenizer.json") ? ["tokenizer.json"] : vocabularies.filter(has)));
  const format = weightFormats.find(({ file }) => has(file));
  if (format?.shards !== undefined) descriptions.push(format.file);
  return {
    descriptions: descriptions.map((name) => prefix + name),
    weights: format === undefined ? [] : planWeights(files, prefix, format),
  };
}

function planWeights(files: ModelListing["files"], prefix: string, { file, shards }: WeightFormat): string[] {
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
export interface ModuleFolder {
  readonly path: string;
  /** Whether its own files name more of them. */
  readonly isRouter: boolean;
}

/** Those that modules.json names. What is wrong with the file is for the loader to say. */
export function listedModules(modulesJson: Uint8Array): ModuleFolder[] {
  const modules = parse(modulesJson);
  if (!Array.isArray(modules)) return [];
  return modules.slice(0, MOST_MODULES).flatMap((module: unknown) => {
    const { path, type } = (module ?? {}) as { readonly path?: unknown; readonly type?: unknown };
    return typeof path === "string" ? moduleFolder(path, type) : [];
  });
}

/** The folders that modules.json names, but for the model's own. */
export function moduleFolders(modulesJson: Uint8Array): string[] {
  return listedModules(modulesJson)
    .map(({ path }) => path)
    .filter((path) => path !== "");
}

/** The file that names the routes of a router: of two names, as the loader looks for them. */
export function routerFile({ files }: ModelListing, folder: string): string | undefined {
  const prefix = folder === "" ? "" : `${folder}/`;
  return ["router_config.json", "config.json"].map((name) => prefix + name).find((path) => files.has(path));
}

/** The modules of a router's routes. */
export function routedModules(routerJson: Uint8Array, folder: string): ModuleFolder[] {
  const { types } = (parse(routerJson) ?? {}) as { readonly types?: unknown };
  if (typeof types !== "object" || types === null) return [];
  return Object.entries(types)
    .slice(0, MOST_MODULES)
    .flatMap(([id, type]) => moduleFolder(folder === "" ? id : `${folder}/${id}`, type));
}

function moduleFolder(path: string, type: unknown): ModuleFolder[] {
  if (path !== "" && hubPathProblem(path) !== undefined) return [];
  return [{ path, isRouter: /\.(?:Router|Asym)$/.test(String(type)) }];
}

/** undefined where it is no JSON. */
function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
