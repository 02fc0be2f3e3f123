import type { PreTokenizer } from "../component.ts";
import type { EditableText, Span } from "../text/editable-text.ts";
import type { PreTokenizedString } from "../text/pre-tokenized-string.ts";
import { split } from "../text/split.ts";

/** Cuts into pieces of so many characters. */
export class FixedLength implements PreTokenizer {
  readonly #length: number;
  readonly asksForOrigins = false;
  readonly separable = false;

  /** @param length in code points, at least 1 */
  constructor(length: number) {
    this.#length = length;
  }

  preTokenize<T extends EditableText>(text: PreTokenizedString<T>): void {
    text.split((piece) => split(piece, this.#spans(piece.text), "Isolated"));
  }

  #spans(text: string): Span[] {
    const spans: Span[] = [];
    let start = 0;
    let count = 0;
    for (let i = 0; i < text.length; ) {
      i += text.codePointAt(i)! > 0xffff ? 2 : 1;
      if (++count === this.#length || i === text.length) {
        spans.push({ start, end: i, isMatch: false });
        start = i;
        count = 0;
      }
    }
    return spans;
  }
}
