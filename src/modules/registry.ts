/** modules.json: which modules a model consists of, and in what order. */

import { FileError, FormatError, UnsupportedError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import type { FileSource } from "../files/file-source.ts";
import { CONFIG, MODULES } from "../files/model-files.ts";
import { fileNameIn, relativePathProblem } from "../files/relative-path.ts";
import { prefixed } from "../sources/prefixed-source.ts";
import { Dense } from "./dense.ts";
import { LayerNorm } from "./layer-norm.ts";
import {
  type DeclareContext,
  type DeclaredModule,
  discard,
  type Module,
  type PrepareContext,
  type PreparedModule,
} from "./module.ts";
import { Normalize } from "./normalize.ts";
import { plainModules } from "./plain-modules.ts";
import { Pooling } from "./pooling.ts";
import { Router } from "./router.ts";
import { StaticEmbedding } from "./static-embedding.ts";
import { Transformer } from "./transformer.ts";
import { WeightedLayerPooling } from "./weighted-layer-pooling.ts";

type Loader = (context: PrepareContext) => Promise<PreparedModule>;

/** By class name: the package in front of it has changed with every other version of the reference. */
const loaders: ReadonlyMap<string, Loader> = new Map<string, Loader>([
  ["Transformer", Transformer.prepare],
  ["Pooling", Pooling.prepare],
  ["Dense", Dense.prepare],
  ["Normalize", Normalize.prepare],
  ["StaticEmbedding", StaticEmbedding.prepare],
  ["LayerNorm", LayerNorm.prepare],
  ["WeightedLayerPooling", WeightedLayerPooling.prepare],
  ["Router", Router.prepare],
  ["Asym", Router.prepare],
]);

/** One line of modules.json. */
interface ModuleEntry {
  readonly type: string;
  readonly path: string;
}

/** A module and its folder. */
export interface ModelPart {
  readonly prepared: PreparedModule;
  readonly folder: FileSource;
}

/**
 * The modules of a model folder in order, of which no weights have been opened: everything that small files tell is
 * checked before weights are fetched.
 */
export async function prepareModules(
  source: FileSource,
  { modelType, maxSeqLength }: Pick<PrepareContext, "maxSeqLength"> & { readonly modelType: string },
): Promise<readonly ModelPart[]> {
  const prepare = async (type: string, folder: FileSource): Promise<PreparedModule> =>
    await loaderOf(type, source)({ root: source, source: folder, maxSeqLength, prepare });
  const parts: ModelPart[] = [];
  if (await source.exists(MODULES)) {
    const entries = (await readEntries(source)).map(({ type, path }) => {
      const folder = prefixed(source, path);
      return { folder, preparing: prepare(type, folder) };
    });
    await Promise.allSettled(entries.map(({ preparing }) => preparing)); // errors are reported in order
    let width: number | null = null;
    for (const { folder, preparing } of entries) {
      const prepared = await preparing;
      if (parts.length === 0) checkFirst(prepared, source);
      checkWidth(prepared, width, folder);
      const { embeddingDimension } = prepared;
      if (embeddingDimension !== null) width = embeddingDimension ?? null;
      parts.push({ prepared, folder });
    }
  } else {
    const preparePlain = plainModules.get(modelType);
    if (preparePlain === undefined) {
      throw new FileError(
        fileNameIn(source.name, MODULES),
        `a ${modelType} cannot be loaded without this file`,
        {
          code: "file-not-found",
          subject: MODULES,
        },
      );
    }
    for (const prepared of await preparePlain({ source, maxSeqLength }))
      parts.push({ prepared, folder: source });
  }
  return parts;
}

/** Opens the weights of prepared modules; they are not read yet. */
export async function declareModules(
  parts: readonly ModelPart[],
  context: DeclareContext,
): Promise<readonly DeclaredModule[]> {
  const declared: DeclaredModule[] = [];
  try {
    let width: number | null = null;
    for (const { prepared, folder } of parts) {
      const next = await prepared.declare(context);
      const { module } = next;
      declared.push(next);
      checkWidth(module, width, folder);
      width = module.embeddingDimension ?? width;
    }
    return declared;
  } catch (error) {
    await discard(declared);
    throw error;
  }
}

function checkFirst({ type, takesText }: PreparedModule, source: FileSource): void {
  if (takesText) return;
  throw new FormatError(`expected a first module that turns text into tokens, found ${type}`, {
    code: "invalid-value",
    subject: type,
    file: fileNameIn(source.name, MODULES),
  });
}

/** `width`: of what the modules before give; null: they do not tell. */
function checkWidth(
  { type, inputDimension }: Pick<Module, "type" | "inputDimension">,
  width: number | null,
  { name }: FileSource,
): void {
  if (inputDimension === undefined || width === null || inputDimension === width) return;
  throw new FormatError(`${type} takes ${inputDimension} dimensions; the modules before it give ${width}`, {
    code: "width-mismatch",
    subject: type,
    file: fileNameIn(name, CONFIG),
  });
}

async function readEntries(source: FileSource): Promise<readonly ModuleEntry[]> {
  const file = fileNameIn(source.name, MODULES);
  const entries = await ConfigReader.readEntries(source, MODULES);
  if (entries.length === 0)
    throw new FormatError("expected at least one module, found none", { code: "invalid-value", file });
  return entries.map((reader, index) => {
    const path = reader.string("path").replace(/^\.(\/|$)/, ""); // "", "." and "./" are the model's own folder
    const problem = path === "" ? undefined : relativePathProblem(path.replace(/\/$/, ""));
    if (problem !== undefined) {
      throw new FormatError(`entry ${index}: the path ${JSON.stringify(path)} ${problem}`, {
        code: "path-outside-folder",
        subject: path,
        file,
      });
    }
    return { type: reader.string("type"), path };
  });
}

function loaderOf(type: string, source: FileSource): Loader {
  const name = type.slice(type.lastIndexOf(".") + 1);
  const loader = type.startsWith("sentence_transformers.") ? loaders.get(name) : undefined;
  if (loader === undefined) {
    throw new UnsupportedError(
      `module type "${type}" is not supported; known: ${[...loaders.keys()].join(", ")}`,
      { code: "unknown-module", subject: type, file: fileNameIn(source.name, MODULES) },
    );
  }
  return loader;
}
