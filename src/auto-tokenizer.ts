import { readOptions } from "./check-options.ts";
import type { FileSource } from "./checkpoint/file-source.ts";
import { openModelSource } from "./model-source.ts";
import { whileRunning } from "./signals.ts";
import { type SourceOptions, sourceOptionNames } from "./source-options.ts";
import { loadTokenizer } from "./tokenizer/load.ts";
import { callableTokenizer, type PretrainedTokenizer } from "./tokenizer-call.ts";

/** Where the files come from, and what is reported: as in `SentenceTransformer.load`. */
export type AutoTokenizerOptions = SourceOptions;

async function fromPretrained(
  model: string | URL | FileSource,
  options: AutoTokenizerOptions = {},
): Promise<PretrainedTokenizer> {
  options = readOptions("AutoTokenizer", options, sourceOptionNames);
  return await whileRunning(options.signal, async (signal) => {
    const source = await openModelSource(model, { ...options, signal });
    return callableTokenizer(await loadTokenizer(source));
  });
}

/**
 * Loads the tokenizer of a model: tokenizer.json, or the vocabulary files of older models. The model is called as
 * in `SentenceTransformer.load`.
 */
export const AutoTokenizer = { fromPretrained } as const;
