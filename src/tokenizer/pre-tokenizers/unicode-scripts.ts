import type { PreTokenizer } from "../component.ts";
import type { EditableText, Span } from "../text/editable-text.ts";
import type { PreTokenizedString } from "../text/pre-tokenized-string.ts";
import { split } from "../text/split.ts";
import { ANY_SCRIPT, scriptOf } from "../unicode/scripts.ts";

/** Cuts where the script changes; Hiragana and Katakana count as Han, and the space goes with any. */
export class UnicodeScripts implements PreTokenizer {
  readonly asksForOrigins = false;
  readonly separable = false;

  preTokenize<T extends EditableText>(text: PreTokenizedString<T>): void {
    text.split((piece) => split(piece, spansOfScripts(piece.text), "Isolated"));
  }
}

function spansOfScripts(text: string): Span[] {
  const spans: Span[] = [];
  let last = -1; // of the characters so far that have a script
  let start = -1; // white space and the like before the first script belong to no piece
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!;
    const script = scriptOf(codePoint);
    if (script !== ANY_SCRIPT && script !== last) {
      if (start >= 0) spans.push({ start, end: i, isMatch: false });
      start = i;
    }
    if (script !== ANY_SCRIPT) last = script;
    i += codePoint > 0xffff ? 2 : 1;
  }
  if (start >= 0) spans.push({ start, end: text.length, isMatch: false });
  return spans;
}
