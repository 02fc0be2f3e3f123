import type { PreTokenizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import type { PreTokenizedString } from "../text/pre-tokenized-string.ts";
import { type SplitBehavior, spansOfCodePoints, split } from "../text/split.ts";
import { punctuation } from "../unicode/categories.ts";

/** Cuts around punctuation. */
export class Punctuation implements PreTokenizer {
  readonly #behavior: SplitBehavior;
  readonly asksForOrigins = false;
  readonly separable = false; // what lies between stays in one piece, spaces and all

  constructor(behavior: SplitBehavior) {
    this.#behavior = behavior;
  }

  preTokenize<T extends EditableText>(text: PreTokenizedString<T>): void {
    text.split((piece) => split(piece, spansOfCodePoints(piece.text, isPunctuation), this.#behavior));
  }
}

const isPunctuation = (codePoint: number) => punctuation.has(codePoint);
