import { toByteLevel } from "../byte-level.ts";
import type { Normalizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";

/** Turns the text into byte characters. */
export class ByteLevel implements Normalizer {
  readonly characterwise = true;
  readonly separable = false; // spaces become characters that no pre-tokenizer takes for spaces
  readonly reordersMarks = false;

  normalize(text: EditableText): void {
    if (text.text !== "") text.transform(toByteLevel(text.text));
  }
}
