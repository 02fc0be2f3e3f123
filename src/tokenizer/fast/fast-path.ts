import type { AddedVocabulary } from "../added-vocabulary.ts";
import type { Model, Normalizer, PreTokenizer } from "../component.ts";
import { WordPiece } from "../models/word-piece.ts";
import { BertPreTokenizer } from "../pre-tokenizers/bert-pre-tokenizer.ts";
import { BertIds } from "./bert-ids.ts";
import type { IdBuffer } from "./id-buffer.ts";

/** Ids alone, for a pipeline that is known by heart. They equal those of the full pipeline. */
export interface FastPath {
  /** Whether the text may hold an added token that is looked for before normalization. */
  mayHoldAddedTokens(text: string): boolean;

  /**
   * Appends the ids of a text without such tokens. May stop once `out` holds `enough`.
   * @returns false, and `out` as it was, where the text needs the full pipeline.
   */
  append(text: string, out: IdBuffer, enough: number): boolean;
}

interface Pipeline {
  readonly addedVocabulary: AddedVocabulary;
  readonly normalizer: Normalizer | null;
  readonly preTokenizer: PreTokenizer | null;
  readonly model: Model;
}

/** The fast path of a pipeline, null where there is none. */
export function fastPath({ addedVocabulary, normalizer, preTokenizer, model }: Pipeline): FastPath | null {
  if (normalizer !== null && !normalizer.characterwise) return null;
  if (!(preTokenizer instanceof BertPreTokenizer) || !(model instanceof WordPiece)) return null;
  const ids = new BertIds(normalizer, model, addedVocabulary.normalizedFirstUnits);
  const first = anyOf(addedVocabulary.rawFirstUnits);
  return {
    mayHoldAddedTokens: (text) => first?.test(text) ?? false,
    append: (text, out, enough) => ids.append(text, out, enough),
  };
}

/** A pattern that finds any of the units, null where there are none. */
function anyOf(units: ReadonlySet<number>): RegExp | null {
  if (units.size === 0) return null;
  const escaped = Array.from(units, (unit) => `\\u${unit.toString(16).padStart(4, "0")}`);
  return new RegExp(`[${escaped.join("")}]`);
}
