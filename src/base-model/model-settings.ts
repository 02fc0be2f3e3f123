/** config_sentence_transformers.json: what a model says about its use. Models of the first years have none. */

import { UnsupportedError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import type { FileSource } from "../files/file-source.ts";
import { MODEL_SETTINGS, MODULES } from "../files/model-files.ts";
import { type PromptSettings, readPrompts } from "./prompts.ts";

/** The kind of a model that does not say it. sentence-transformers v6.0.1, base/model.py (`_get_model_type`). */
const UNSAID = "SentenceTransformer";

/**
 * Of a folder without modules.json, the reference reads no file of its own: nothing is set there, and every kind of model
 * can be made of it. sentence-transformers v6.0.1, base/model.py (`_load_modules`).
 *
 * @returns null: nothing is set
 * @throws UnsupportedError ("unsupported-setting") for a model of another kind than `modelType`
 */
export async function readModelSettings(source: FileSource, modelType: string): Promise<ConfigReader | null> {
  if (!(await source.exists(MODULES))) return null;
  const settings = (await source.exists(MODEL_SETTINGS))
    ? await ConfigReader.read(source, MODEL_SETTINGS)
    : null;
  const found = settings?.has("model_type") ? settings.get("model_type") : UNSAID;
  if (found !== modelType) {
    throw new UnsupportedError(
      `model_type ${JSON.stringify(found)} is not supported; expected "${modelType}"`,
      { code: "unsupported-setting", subject: "model_type", file: settings?.file ?? source.name },
    );
  }
  return settings;
}

/** What all kinds of models say. */
export function readSavedPrompts(settings: ConfigReader | null): PromptSettings {
  if (settings === null) return { prompts: undefined, defaultPromptName: undefined };
  return {
    prompts: readPrompts(settings.get("prompts"), settings.file),
    defaultPromptName: settings.nullableString("default_prompt_name") ?? undefined,
  };
}
