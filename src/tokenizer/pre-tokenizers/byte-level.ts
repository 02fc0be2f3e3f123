import { toByteLevel } from "../byte-level.ts";
import type { PreTokenizer } from "../component.ts";
import type { EditableText, Span } from "../text/editable-text.ts";
import type { PreTokenizedString } from "../text/pre-tokenized-string.ts";
import { split } from "../text/split.ts";
import { whiteSpace } from "../unicode/categories.ts";
import { categoryMask, generalCategory } from "../unicode/general-category.ts";

/** GPT-2's words, as the characters of their bytes (tokenizers/src/pre_tokenizers/byte_level.rs). */
export class ByteLevel implements PreTokenizer {
  readonly #addPrefixSpace: boolean;
  readonly #useRegex: boolean;
  readonly asksForOrigins = false;
  readonly separable: boolean;

  /**
   * @param addPrefixSpace whether a text that begins with no space gets one
   * @param useRegex whether the text is cut into words
   */
  constructor(addPrefixSpace: boolean, useRegex: boolean) {
    this.#addPrefixSpace = addPrefixSpace;
    this.#useRegex = useRegex;
    this.separable = useRegex;
  }

  preTokenize<T extends EditableText>(text: PreTokenizedString<T>): void {
    text.split((piece) => {
      if (this.#addPrefixSpace && !piece.text.startsWith(" ")) piece.prepend(" ");
      return this.#useRegex ? split(piece, gpt2Words(piece.text), "Isolated") : [piece];
    });
    for (const piece of text.pieces) {
      if (piece.tokens === null) piece.normalized.transform(toByteLevel(piece.normalized.text));
    }
  }
}

const LETTERS = categoryMask("L");
const NUMBERS = categoryMask("N");

const OTHER = 0;
const LETTER = 1;
const NUMBER = 2;
const SPACE = 3;

let basicKinds: Uint8Array | null = null; // [0x10000]

function kindOf(codePoint: number): number {
  if (codePoint >= 0x10000) {
    const bit = 1 << generalCategory(codePoint);
    return bit & LETTERS ? LETTER : bit & NUMBERS ? NUMBER : OTHER;
  }
  if (basicKinds === null) {
    basicKinds = new Uint8Array(0x10000);
    for (let c = 0; c < 0x10000; c++) {
      const bit = 1 << generalCategory(c);
      basicKinds[c] = bit & LETTERS ? LETTER : bit & NUMBERS ? NUMBER : whiteSpace.has(c) ? SPACE : OTHER;
    }
  }
  return basicKinds[codePoint]!;
}

/**
 * What the expression of GPT-2 finds, one match after the other, in linear time:
 * `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
 */
export function gpt2Words(text: string): Span[] {
  const spans: Span[] = [];
  for (let start = 0; start < text.length; ) {
    const end = contraction(text, start) ?? wordEnd(text, start);
    spans.push({ start, end, isMatch: true });
    start = end;
  }
  return spans;
}

function contraction(text: string, start: number): number | null {
  if (text.charCodeAt(start) !== 0x27) return null;
  const next = text[start + 1];
  if (next === "s" || next === "t" || next === "m" || next === "d") return start + 2;
  const pair = text.slice(start + 1, start + 3);
  return pair === "re" || pair === "ve" || pair === "ll" ? start + 3 : null;
}

function wordEnd(text: string, start: number): number {
  let first = start;
  let kind = kindOf(text.codePointAt(start)!);
  if (text.charCodeAt(start) === 0x20 && start + 1 < text.length) {
    const next = kindOf(text.codePointAt(start + 1)!);
    if (next !== SPACE) {
      first = start + 1;
      kind = next;
    }
  }
  const end = runEnd(text, first, kind);
  // The last white space before a word is left for the word, unless it is all there is.
  return kind === SPACE && end < text.length && end - 1 > start ? end - 1 : end;
}

function runEnd(text: string, start: number, kind: number): number {
  let end = start;
  while (end < text.length) {
    const codePoint = text.codePointAt(end)!;
    if (kindOf(codePoint) !== kind) break;
    end += codePoint > 0xffff ? 2 : 1;
  }
  return end;
}
