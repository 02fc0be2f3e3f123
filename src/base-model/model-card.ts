/** README.md of a saved model: the card of the model that was loaded, the caller's, or a short one of our own. */

import { ArgumentError, SentensorError } from "../errors.ts";
import type { FileSource } from "../files/file-source.ts";
import { CARD } from "../files/model-files.ts";
import type { SaveOptions } from "./save-options.ts";

/** What a card of our own says of a model. */
export interface CardFacts {
  /** The task, by the hub's name. */
  readonly pipelineTag: string;
  readonly tags: readonly string[];
  /** What the model does, after "A sentence-transformers model that". */
  readonly does: string;
}

/**
 * The content of README.md, byte for byte that of the loaded model where nothing else is asked for: it holds licence
 * and authorship. The reference does so for models with modules.json (sentence-transformers v6.0.1, base/model.py,
 * `_create_model_card`); here plain transformers models keep theirs as well.
 *
 * @param origin the files of the loaded model; undefined: it was made of modules
 * @param modules their types, in order
 * @returns null: no README.md is to be written
 */
export async function chooseCard(
  { modelCard, createModelCard = true }: SaveOptions,
  origin: FileSource | undefined,
  modules: readonly string[],
  facts: CardFacts,
): Promise<string | Uint8Array | null> {
  checkCardOptions(modelCard, createModelCard);
  if (modelCard !== undefined) return modelCard;
  if (!createModelCard) return null;
  let unreadable: string | null = null;
  try {
    if (origin !== undefined && (await origin.exists(CARD))) {
      const card = await origin.read(CARD);
      if (card.length > 0) return card;
    }
  } catch (error) {
    // Without a connection a model of the hub can be saved all the same: loading does not fetch its card.
    if (!(error instanceof SentensorError)) throw error;
    unreadable = origin!.name;
  }
  return generateCard(modules, facts, unreadable);
}

function checkCardOptions(modelCard: unknown, createModelCard: unknown): void {
  if (modelCard !== undefined && typeof modelCard !== "string") {
    throw new ArgumentError(`save: modelCard: expected a string, got ${JSON.stringify(modelCard)}`, {
      subject: "modelCard",
    });
  }
  if (typeof createModelCard !== "boolean") {
    throw new ArgumentError(
      `save: createModelCard: expected true or false, got ${JSON.stringify(createModelCard)}`,
      { subject: "createModelCard" },
    );
  }
  if (modelCard !== undefined && !createModelCard) {
    throw new ArgumentError("save: expected no modelCard beside createModelCard: false", {
      subject: "modelCard",
    });
  }
}

/** `unreadable`: the name of the model whose card could not be read. */
function generateCard(
  modules: readonly string[],
  { pipelineTag, tags, does }: CardFacts,
  unreadable: string | null,
): string {
  return [
    "---",
    `pipeline_tag: ${pipelineTag}`,
    "library_name: sentence-transformers",
    "tags:",
    ...tags.map((tag) => `- ${tag}`),
    "---",
    "",
    `A sentence-transformers model that ${does}: ${modules.join(", ")}.`,
    ...(unreadable === null
      ? []
      : ["", `Saved from ${unreadable}; its model card, which names the licence, could not be read then.`]),
    "",
  ].join("\n");
}
