import type { Normalizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import { decomposed } from "../unicode/normalization.ts";

/** Canonical decomposition, as of Unicode 9.0. */
export class NFD implements Normalizer {
  readonly characterwise = true;
  readonly separable = true;
  readonly reordersMarks = true;

  normalize(text: EditableText): void {
    applyDecomposition(text, false);
  }
}

const ascii = /^[\0-\x7f]*$/;

/** NFD, or NFKD with `compatibility`. */
export function applyDecomposition(text: EditableText, compatibility: boolean): void {
  if (!ascii.test(text.text)) text.transform(decomposed(text.text, compatibility));
}
