/** modules.json: which modules a model consists of, and in what order. */
import type { FileSource } from "../checkpoint/file-source.ts";
import { prefixed } from "../checkpoint/prefixed-source.ts";
import { readJsonArray } from "../checkpoint/read-json.ts";
import { fileNameIn, relativePathProblem } from "../checkpoint/relative-path.ts";
import { ConfigReader } from "../config-reader.ts";
import { FormatError, UnsupportedError } from "../errors.ts";
import type { PoolingMode } from "../pooling/modes.ts";
import { Dense } from "./dense.ts";
import { LayerNorm } from "./layer-norm.ts";
import { type DeclaredModule, discard, type Module, type ModuleContext, withoutWeights } from "./module.ts";
import { Normalize } from "./normalize.ts";
import { Pooling } from "./pooling.ts";
import { Router } from "./router.ts";
import { StaticEmbedding } from "./static-embedding.ts";
import { Transformer } from "./transformer.ts";
import { WeightedLayerPooling } from "./weighted-layer-pooling.ts";

type Loader = (context: ModuleContext) => Promise<DeclaredModule>;

/** By class name: the package in front of it has changed with every other version of the reference. */
const loaders: ReadonlyMap<string, Loader> = new Map<string, Loader>([
  ["Transformer", Transformer.load],
  ["Pooling", Pooling.load],
  ["Dense", Dense.load],
  ["Normalize", Normalize.load],
  ["StaticEmbedding", StaticEmbedding.load],
  ["LayerNorm", LayerNorm.load],
  ["WeightedLayerPooling", WeightedLayerPooling.load],
  ["Router", Router.load],
  ["Asym", Router.load],
]);

/** One line of modules.json. */
interface ModuleEntry {
  readonly type: string;
  readonly path: string;
}

/** The modules of a model folder in order, declared but without their weights. */
export async function declareModules(
  source: FileSource,
  context: Omit<ModuleContext, "root" | "source" | "declare">,
): Promise<readonly DeclaredModule[]> {
  const declared: DeclaredModule[] = [];
  const declare = (type: string, folder: FileSource): Promise<DeclaredModule> =>
    loaderOf(type, source)({ ...context, root: source, source: folder, declare });
  try {
    if (!(await source.exists("modules.json"))) {
      const transformer = await Transformer.loadPlain({ source, ...context });
      declared.push(transformer);
      const embeddingDimension = transformer.module.embeddingDimension!;
      const poolingMode = plainPoolingMode(await ConfigReader.read(source, "config.json"));
      declared.push(withoutWeights(new Pooling({ embeddingDimension, poolingMode })));
      return declared;
    }
    let width: number | null = null;
    for (const { type, path } of await readEntries(source)) {
      const folder = prefixed(source, path);
      const next = await declare(type, folder);
      declared.push(next);
      checkWidth(next.module, width, folder);
      width = next.module.embeddingDimension ?? width;
    }
    return declared;
  } catch (error) {
    await discard(declared);
    throw error;
  }
}

/**
 * What the reference adds to a plain transformers model: mean pooling, or the last token where the model was made to
 * predict the next one. sentence-transformers v6.0.1, sentence_transformer/model.py (`_load_default_modules`).
 */
function plainPoolingMode({ json }: ConfigReader): PoolingMode {
  const [architecture]: readonly unknown[] = Array.isArray(json.architectures) ? json.architectures : [];
  const isCausal = Object.hasOwn(json, "is_causal") ? Boolean(json.is_causal) : true;
  return String(architecture).endsWith("ForCausalLM") && isCausal ? "lasttoken" : "mean";
}

/** `width`: of what the modules before give; null: they do not tell. */
function checkWidth({ type, inputDimension }: Module, width: number | null, { name }: FileSource): void {
  if (inputDimension === undefined || width === null || inputDimension === width) return;
  throw new FormatError(`${type} takes ${inputDimension} dimensions; the modules before it give ${width}`, {
    code: "width-mismatch",
    subject: type,
    file: fileNameIn(name, "config.json"),
  });
}

async function readEntries(source: FileSource): Promise<readonly ModuleEntry[]> {
  const file = `${source.name}/modules.json`;
  const entries = await readJsonArray(source, "modules.json");
  if (entries.length === 0)
    throw new FormatError("expected at least one module, found none", { code: "invalid-value", file });
  return entries.map((entry, index) => {
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
      throw new FormatError(`entry ${index}: expected an object, found ${JSON.stringify(entry)}`, {
        code: "invalid-value",
        file,
      });
    }
    const reader = new ConfigReader(entry as ConfigReader["json"], file);
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
      { code: "unknown-module", subject: type, file: `${source.name}/modules.json` },
    );
  }
  return loader;
}
