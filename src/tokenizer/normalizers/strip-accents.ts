import type { Normalizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import { combiningMark } from "../unicode/categories.ts";

/** Drops combining marks (all of category M, not only those that BertNormalizer drops). Decomposes nothing. */
export class StripAccents implements Normalizer {
  readonly characterwise = true;
  readonly separable = true;
  readonly reordersMarks = false;

  normalize(text: EditableText): void {
    text.filter((codePoint) => codePoint < 0x300 || !combiningMark.has(codePoint));
  }
}
