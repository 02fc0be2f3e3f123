import type { PreTokenizer } from "../component.ts";
import { type Pattern, RegexPattern } from "../regex/pattern.ts";
import type { EditableText } from "../text/editable-text.ts";
import type { PreTokenizedString } from "../text/pre-tokenized-string.ts";
import { inverted, type SplitBehavior, split } from "../text/split.ts";

/** Cuts at the matches of a pattern, or at what lies between them. */
export class Split implements PreTokenizer {
  readonly #pattern: Pattern;
  readonly #behavior: SplitBehavior;
  readonly #invert: boolean;
  readonly asksForOrigins = false;
  readonly separable: boolean;

  constructor(pattern: Pattern, behavior: SplitBehavior, invert: boolean) {
    this.#pattern = pattern;
    this.#behavior = behavior;
    this.#invert = invert;
    this.separable =
      pattern instanceof RegexPattern &&
      SEPARABLE_EXPRESSIONS.includes(pattern.source) &&
      (behavior === "Isolated" || (behavior === "Removed" && invert));
  }

  preTokenize<T extends EditableText>(text: PreTokenizedString<T>): void {
    text.split((piece) => {
      const spans = this.#pattern.spans(piece.text);
      return split(piece, this.#invert ? inverted(spans) : spans, this.#behavior);
    });
  }
}

/** Expressions of which a match always begins at a single space between two ordinary characters: GPT-2's kin. */
const SEPARABLE_EXPRESSIONS = [
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
];
