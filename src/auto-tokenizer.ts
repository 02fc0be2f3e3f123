import type { FileSource } from "./checkpoint/file-source.ts";
import { openModelSource } from "./model-source.ts";
import { loadTokenizer } from "./tokenizer/load.ts";
import { callableTokenizer, type PretrainedTokenizer } from "./tokenizer-call.ts";

async function fromPretrained(model: string | URL | FileSource): Promise<PretrainedTokenizer> {
  return callableTokenizer(await loadTokenizer(await openModelSource(model)));
}

/** Loads the tokenizer of a model folder: tokenizer.json, or the vocabulary files of older models. */
export const AutoTokenizer = { fromPretrained } as const;
