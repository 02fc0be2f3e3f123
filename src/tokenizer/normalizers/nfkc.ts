import type { Normalizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import { applyComposition } from "./nfc.ts";

/** Compatibility composition, as of Unicode 9.0. */
export class NFKC implements Normalizer {
  readonly characterwise = false;
  readonly separable = true;
  readonly reordersMarks = true;

  normalize(text: EditableText): void {
    applyComposition(text, true);
  }
}
