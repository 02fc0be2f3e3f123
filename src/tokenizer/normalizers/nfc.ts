import type { Normalizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import { recomposed } from "../unicode/normalization.ts";

/** Canonical composition, as of Unicode 9.0. */
export class NFC implements Normalizer {
  readonly characterwise = false;
  readonly separable = true;
  readonly reordersMarks = true;

  normalize(text: EditableText): void {
    applyComposition(text, false);
  }
}

const ascii = /^[\0-\x7f]*$/;

/** NFC, or NFKC with `compatibility`. */
export function applyComposition(text: EditableText, compatibility: boolean): void {
  if (!ascii.test(text.text)) text.transform(recomposed(text.text, compatibility));
}
