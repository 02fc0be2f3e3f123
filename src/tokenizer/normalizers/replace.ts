import type { Normalizer } from "../component.ts";
import { type Pattern, RegexPattern, StringPattern } from "../regex/pattern.ts";
import type { EditableText } from "../text/editable-text.ts";

/** Expressions that find nothing at a single space between two ordinary characters. */
const SEPARABLE_EXPRESSIONS = [" {2,}", "\\s{2,}|[\\n\\r\\t]"];

/** Replaces every match of a pattern. */
export class Replace implements Normalizer {
  readonly characterwise = false;
  readonly separable: boolean;
  readonly reordersMarks = false;
  readonly #pattern: Pattern;
  readonly #content: string;

  constructor(pattern: Pattern, content: string) {
    this.#pattern = pattern;
    this.#content = content;
    this.separable =
      (pattern instanceof StringPattern && pattern.content !== "" && !pattern.content.includes(" ")) ||
      (pattern instanceof RegexPattern && SEPARABLE_EXPRESSIONS.includes(pattern.source));
  }

  normalize(text: EditableText): void {
    text.replace(this.#pattern.spans(text.text), this.#content);
  }
}
