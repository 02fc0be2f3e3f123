import type { PreTokenizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import type { PreTokenizedString } from "../text/pre-tokenized-string.ts";
import { spansOfCodePoints, split } from "../text/split.ts";
import { punctuation, whiteSpace } from "../unicode/categories.ts";

/** Splits on white space (removed) and isolates punctuation. */
export class BertPreTokenizer implements PreTokenizer {
  readonly asksForOrigins = false;
  readonly separable = true;

  preTokenize<T extends EditableText>(text: PreTokenizedString<T>): void {
    text.split((piece) => split(piece, spansOfCodePoints(piece.text, isWhiteSpace), "Removed"));
    text.split((piece) => split(piece, spansOfCodePoints(piece.text, isPunctuation), "Isolated"));
  }
}

const isWhiteSpace = (codePoint: number) => whiteSpace.has(codePoint);
const isPunctuation = (codePoint: number) => punctuation.has(codePoint);
