import type { PreTokenizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import type { PreTokenizedString } from "../text/pre-tokenized-string.ts";
import { spansOfCodePoints, split } from "../text/split.ts";
import { whiteSpace } from "../unicode/categories.ts";

/** Cuts at white space, which goes. */
export class WhitespaceSplit implements PreTokenizer {
  readonly asksForOrigins = false;
  readonly separable = true;

  preTokenize<T extends EditableText>(text: PreTokenizedString<T>): void {
    text.split((piece) => split(piece, spansOfCodePoints(piece.text, isWhiteSpace), "Removed"));
  }
}

const isWhiteSpace = (codePoint: number) => whiteSpace.has(codePoint);
