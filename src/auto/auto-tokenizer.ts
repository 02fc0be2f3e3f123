import type { FileSource } from "../files/file-source.ts";
import { TOKENIZER, tokenizerSettings } from "../files/model-files.ts";
import { readOptions } from "../runtime/check-options.ts";
import { whileRunning } from "../runtime/signals.ts";
import { openModelSource } from "../sources/model-source.ts";
import { readAhead } from "../sources/read-ahead.ts";
import { type SourceOptions, sourceOptionNames } from "../sources/source-options.ts";
import { loadTokenizer } from "../tokenizer/load.ts";
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
    return callableTokenizer(await loadTokenizer(readAhead(source, [TOKENIZER, ...tokenizerSettings])));
  });
}

/**
 * Loads the tokenizer of a model: tokenizer.json, or the vocabulary files of older models. The model is called as
 * in `SentenceTransformer.load`.
 */
export const AutoTokenizer = { fromPretrained } as const;
