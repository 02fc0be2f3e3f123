import { SentensorError } from "../errors.ts";
import type { FileSource } from "../files/file-source.ts";
import { prepareBareEncoder } from "../models/registry.ts";
import { prepareModules } from "../modules/registry.ts";
import { HubError } from "../sources/hub/errors.ts";
import { settleEmbeddings } from "./embedding-settings.ts";
import { readModelSettings, readSavedPrompts } from "./model-settings.ts";
import { queryAndDocument, settlePrompts } from "./prompts.ts";

/** Of the user. */
const NOTHING = { prompts: undefined, defaultPromptName: undefined };

/**
 * Rejects a model that no loader of this package takes, as far as its small files tell: weights are not opened.
 *
 * @throws as `SentenceTransformer.load` would, unless `AutoModel` takes the model: a reranker, for one
 */
export async function checkModel(source: FileSource): Promise<void> {
  try {
    const settings = await readModelSettings(source, "SentenceTransformer");
    settlePrompts(queryAndDocument, NOTHING, readSavedPrompts(settings));
    settleEmbeddings({}, settings);
    await prepareModules(source, { modelType: "SentenceTransformer" });
  } catch (error) {
    if (error instanceof HubError || !(await isEncoder(source))) throw error;
  }
}

async function isEncoder(source: FileSource): Promise<boolean> {
  try {
    await prepareBareEncoder(source);
    return true;
  } catch (error) {
    if (error instanceof SentensorError && !(error instanceof HubError)) return false;
    throw error;
  }
}
