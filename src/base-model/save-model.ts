/** A model as a folder that sentence-transformers loads, old versions and new ones. */

import type { FileSource } from "../files/file-source.ts";
import { type FileTarget, prefixedTarget, type StagedTarget, writeJson } from "../files/file-target.ts";
import { CARD, MODEL_SETTINGS, MODULES } from "../files/model-files.ts";
import type { Module } from "../modules/module.ts";
import { savedType, saveModule } from "../modules/save-module.ts";
import { chooseCard } from "./model-card.ts";
import type { ModelSettings } from "./model-settings.ts";
import type { Prompts } from "./prompts.ts";
import type { SaveOptions } from "./save-options.ts";

export interface ModelToSave {
  readonly modules: readonly Module[];
  readonly settings: ModelSettings;
  readonly prompts: Prompts;
  readonly defaultPromptName: string | null;
  readonly embeddingDimension: number;
  /** The files that the model was loaded from; undefined: it was made of modules. */
  readonly origin: FileSource | undefined;
}

/** All files, or (in a folder) none: what was there stays where something fails. */
export async function saveModel(
  model: ModelToSave,
  target: StagedTarget,
  options: SaveOptions,
): Promise<void> {
  try {
    await writeModel(model, target, options);
    await target.commit();
  } catch (error) {
    await target.discard();
    throw error;
  }
}

async function writeModel(model: ModelToSave, target: FileTarget, options: SaveOptions): Promise<void> {
  const { dtype = "float32" } = options;
  const { modules, embeddingDimension, origin } = model;
  // Read first: the target may be the folder that it lies in.
  const facts = { modules: modules.map(({ type }) => type), embeddingDimension };
  const card = await chooseCard(options, origin, facts);
  const entries: { idx: number; name: string; path: string; type: string }[] = [];
  for (const [idx, module] of modules.entries()) {
    // The first module lies in the root, so that the folder is a transformers model as well.
    const path = idx === 0 ? "" : `${idx}_${module.type}`;
    entries.push({ idx, name: String(idx), path, type: savedType(module) });
    await saveModule(module, prefixedTarget(target, path), dtype);
  }
  const { similarityFnName, truncateDim } = model.settings;
  await writeJson(target, MODEL_SETTINGS, {
    model_type: "SentenceTransformer",
    __version__: {},
    prompts: model.prompts,
    default_prompt_name: model.defaultPromptName,
    similarity_fn_name: similarityFnName,
    ...(truncateDim === null ? {} : { truncate_dim: truncateDim }),
  });
  if (card !== null) await target.write(CARD, card);
  // Last: a folder without it is not taken for a whole model.
  await writeJson(target, MODULES, entries);
}
