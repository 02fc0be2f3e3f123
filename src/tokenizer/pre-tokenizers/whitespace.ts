import type { PreTokenizer } from "../component.ts";
import type { EditableText, Span } from "../text/editable-text.ts";
import type { PreTokenizedString } from "../text/pre-tokenized-string.ts";
import { split } from "../text/split.ts";
import { whiteSpace, wordCharacter } from "../unicode/categories.ts";

/** The matches of `\w+|[^\w\s]+`: runs of word characters, and runs of what is neither those nor white space. */
export class Whitespace implements PreTokenizer {
  readonly asksForOrigins = false;
  readonly separable = true;

  preTokenize<T extends EditableText>(text: PreTokenizedString<T>): void {
    text.split((piece) => split(piece, runs(piece.text), "Removed"));
  }
}

/** Runs of one kind; white space counts as the match to remove. */
function runs(text: string): Span[] {
  const spans: Span[] = [];
  let start = 0;
  let kind = -1;
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!;
    const next = wordCharacter.has(codePoint) ? 0 : whiteSpace.has(codePoint) ? 1 : 2;
    if (next !== kind && i > start) {
      spans.push({ start, end: i, isMatch: kind === 1 });
      start = i;
    }
    kind = next;
    i += codePoint > 0xffff ? 2 : 1;
  }
  if (start < text.length) spans.push({ start, end: text.length, isMatch: kind === 1 });
  return spans;
}
