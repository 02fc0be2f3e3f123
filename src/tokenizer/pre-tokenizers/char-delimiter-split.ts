import type { PreTokenizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import type { PreTokenizedString } from "../text/pre-tokenized-string.ts";
import { spansOfCodePoints, split } from "../text/split.ts";

/** Cuts at one character, which goes. */
export class CharDelimiterSplit implements PreTokenizer {
  readonly #delimiter: number;
  readonly asksForOrigins = false;
  readonly separable = false;

  /** @param delimiter one character */
  constructor(delimiter: string) {
    this.#delimiter = delimiter.codePointAt(0)!;
  }

  preTokenize<T extends EditableText>(text: PreTokenizedString<T>): void {
    text.split((piece) =>
      split(
        piece,
        spansOfCodePoints(piece.text, (c) => c === this.#delimiter),
        "Removed",
      ),
    );
  }
}
