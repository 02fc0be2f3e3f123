import type { Normalizer } from "../component.ts";
import type { EditableText } from "../editable-text.ts";
import type { Pattern } from "../regex/pattern.ts";

/** Replaces every match of a pattern. */
export class Replace implements Normalizer {
  readonly characterwise = false;
  readonly separable = false;
  readonly reordersMarks = false;
  readonly #pattern: Pattern;
  readonly #content: string;

  constructor(pattern: Pattern, content: string) {
    this.#pattern = pattern;
    this.#content = content;
  }

  normalize(text: EditableText): void {
    text.replace(this.#pattern.spans(text.text), this.#content);
  }
}
