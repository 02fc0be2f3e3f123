/** config_sentence_transformers.json: what a model says about its use. Models of the first years have none. */

import { UnsupportedError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import type { FileSource } from "../files/file-source.ts";
import { MODEL_SETTINGS, MODULES } from "../files/model-files.ts";
import {
  type SimilarityFunctionName,
  similarityFunctionNames,
} from "../similarity/similarity-function-name.ts";
import { type Prompts, readPrompts } from "./prompts.ts";

export interface ModelSettings {
  readonly similarityFnName: SimilarityFunctionName;
  readonly truncateDim: number | null;
}

export interface SavedSettings {
  readonly prompts: Prompts | undefined;
  readonly defaultPromptName: string | undefined;
  readonly similarityFnName: SimilarityFunctionName | undefined;
  readonly truncateDim: number | undefined;
}

/**
 * Of a folder without modules.json, the reference reads no file of its own: nothing is set there.
 * sentence-transformers v6.0.1, base/model.py (`_load_modules`).
 */
export async function readModelSettings(source: FileSource): Promise<SavedSettings> {
  if (!(await source.exists(MODULES)) || !(await source.exists(MODEL_SETTINGS))) {
    return {
      prompts: undefined,
      defaultPromptName: undefined,
      similarityFnName: undefined,
      truncateDim: undefined,
    };
  }
  const reader = await ConfigReader.read(source, MODEL_SETTINGS);
  reader.refuseUnless("model_type", ["SentenceTransformer"]);
  return {
    prompts: readPrompts(reader.get("prompts"), reader.file),
    defaultPromptName: reader.nullableString("default_prompt_name") ?? undefined,
    similarityFnName: readSimilarity(reader),
    truncateDim: reader.has("truncate_dim") ? reader.integer("truncate_dim", { minimum: 1 }) : undefined,
  };
}

function readSimilarity(reader: ConfigReader): SimilarityFunctionName | undefined {
  if (!reader.has("similarity_fn_name")) return undefined;
  const name = reader.string("similarity_fn_name");
  const known = similarityFunctionNames.find((candidate) => candidate === name);
  if (known === undefined) {
    throw new UnsupportedError(
      `similarity_fn_name "${name}" is not supported; known: ${similarityFunctionNames.join(", ")}`,
      { code: "unknown-similarity-function", subject: name, file: reader.file },
    );
  }
  return known;
}
