/** A model as a folder that sentence-transformers loads, old versions and new ones. */

import type { FileSource } from "../files/file-source.ts";
import { type FileTarget, prefixedTarget, type StagedTarget, writeJson } from "../files/file-target.ts";
import { CARD, MODEL_SETTINGS, MODULES } from "../files/model-files.ts";
import type { Module } from "../modules/module.ts";
import { savedType, saveModule } from "../modules/save-module.ts";
import { type CardFacts, chooseCard } from "./model-card.ts";
import type { Prompts } from "./prompts.ts";
import type { SaveOptions } from "./save-options.ts";

export interface ModelToSave {
  readonly modelType: string;
  readonly modules: readonly Module[];
  /** The keys of config_sentence_transformers.json that not every kind of model has. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly prompts: Prompts;
  readonly defaultPromptName: string | null;
  readonly card: CardFacts;
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
  const { modules, origin } = model;
  // Read first: the target may be the folder that it lies in.
  const types = modules.map(({ type }) => type);
  const card = await chooseCard(options, origin, types, model.card);
  const entries: { idx: number; name: string; path: string; type: string }[] = [];
  for (const [idx, module] of modules.entries()) {
    // The first module lies in the root, so that the folder is a transformers model as well.
    const path = idx === 0 ? "" : `${idx}_${module.type}`;
    entries.push({ idx, name: String(idx), path, type: savedType(module) });
    await saveModule(module, prefixedTarget(target, path), dtype);
  }
  await writeJson(target, MODEL_SETTINGS, {
    model_type: model.modelType,
    __version__: {},
    prompts: model.prompts,
    default_prompt_name: model.defaultPromptName,
    ...model.settings,
  });
  if (card !== null) await target.write(CARD, card);
  // Last: a folder without it is not taken for a whole model.
  await writeJson(target, MODULES, entries);
}
