import { WordPiece } from "../models/word-piece.ts";
import { BertPreTokenizer } from "../pre-tokenizers/bert-pre-tokenizer.ts";
import type { Pipeline } from "./append-ids.ts";
import { BertIds } from "./bert-ids.ts";
import { ChunkIds } from "./chunk-ids.ts";
import type { IdBuffer } from "./id-buffer.ts";
import { unitFinder } from "./unit-finder.ts";

/** Ids alone, for pipelines of a known kind. They equal those of the full pipeline. */
export interface FastPath {
  /** Whether the text may hold an added token that is looked for before normalization. */
  mayHoldAddedTokens(text: string): boolean;

  /**
   * Appends the ids of a text without such tokens. May stop once `out` holds `enough`.
   * @returns false, and `out` as it was, where the text needs the full pipeline.
   */
  append(text: string, out: IdBuffer, enough: number): boolean;
}

/** The fast path of a pipeline, null where there is none. */
export function fastPath(pipeline: Pipeline): FastPath | null {
  const { addedVocabulary, normalizer, preTokenizer, model } = pipeline;
  const findFirst = unitFinder(addedVocabulary.rawFirstUnits);
  const mayHoldAddedTokens = (text: string) => findFirst(text, 0) >= 0;
  const isBert = preTokenizer instanceof BertPreTokenizer && model instanceof WordPiece;
  if (isBert && (normalizer?.characterwise ?? true)) {
    const ids = new BertIds(normalizer, model, addedVocabulary.normalizedFirstUnits);
    return { mayHoldAddedTokens, append: (text, out, enough) => ids.append(text, out, enough) };
  }
  if (ChunkIds.fits(pipeline)) {
    const ids = new ChunkIds(pipeline);
    return { mayHoldAddedTokens, append: (text, out, enough) => ids.append(text, out, enough) };
  }
  return null;
}
