import type { AddedVocabulary } from "../added-vocabulary.ts";
import type { Model, Normalizer, PreTokenizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import type { IdBuffer } from "./id-buffer.ts";

/** What lies between a text and its ids. */
export interface Pipeline {
  readonly addedVocabulary: AddedVocabulary;
  readonly normalizer: Normalizer | null;
  readonly preTokenizer: PreTokenizer | null;
  readonly model: Model;
}

/** Appends the ids of a text: the full pipeline without offset tracking. */
export function appendIds(
  { addedVocabulary, normalizer, preTokenizer, model }: Pipeline,
  text: EditableText,
  out: IdBuffer,
): void {
  const pieces = addedVocabulary.extract(text, normalizer);
  preTokenizer?.preTokenize(pieces);
  for (const { normalized, tokens } of pieces.pieces) {
    if (tokens === null) model.appendIds(normalized.text, out);
    else for (const { id } of tokens) out.push(id);
  }
}
