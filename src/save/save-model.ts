/** A model as a folder that sentence-transformers loads, old versions and new ones. */
import type { ModelSettings } from "../model-settings.ts";
import type { Module } from "../modules/module.ts";
import type { Prompts } from "../prompts.ts";
import { type FileTarget, prefixedTarget, writeJson } from "./file-target.ts";
import { savedType, saveModule } from "./save-module.ts";
import type { SavedDType } from "./save-weights.ts";

export interface SaveOptions {
  /** How weights are stored. Default: "float32", which loses nothing of what was computed with. */
  readonly dtype?: SavedDType | undefined;
}

export interface ModelToSave {
  readonly modules: readonly Module[];
  readonly settings: ModelSettings;
  readonly prompts: Prompts;
  readonly defaultPromptName: string | null;
  readonly embeddingDimension: number;
}

export async function saveModel(
  model: ModelToSave,
  target: FileTarget,
  { dtype = "float32" }: SaveOptions,
): Promise<void> {
  const entries: { idx: number; name: string; path: string; type: string }[] = [];
  for (const [idx, module] of model.modules.entries()) {
    // The first module lies in the root, so that the folder is a transformers model as well.
    const path = idx === 0 ? "" : `${idx}_${module.type}`;
    entries.push({ idx, name: String(idx), path, type: savedType(module) });
    await saveModule(module, prefixedTarget(target, path), dtype);
  }
  const { similarityFnName, truncateDim } = model.settings;
  await writeJson(target, "config_sentence_transformers.json", {
    model_type: "SentenceTransformer",
    __version__: {},
    prompts: model.prompts,
    default_prompt_name: model.defaultPromptName,
    similarity_fn_name: similarityFnName,
    ...(truncateDim === null ? {} : { truncate_dim: truncateDim }),
  });
  await target.write("README.md", modelCard(model));
  // Last: a folder without it is not taken for a whole model.
  await writeJson(target, "modules.json", entries);
}

function modelCard({ embeddingDimension, modules }: ModelToSave): string {
  return [
    "---",
    "pipeline_tag: sentence-similarity",
    "library_name: sentence-transformers",
    "tags:",
    "- sentence-transformers",
    "- feature-extraction",
    "---",
    "",
    `A sentence-transformers model that maps texts to vectors of ${embeddingDimension} dimensions: ${modules.map(({ type }) => type).join(", ")}.`,
    "",
  ].join("\n");
}
