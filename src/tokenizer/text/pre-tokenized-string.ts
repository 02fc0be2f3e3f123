import { Encoding } from "../encoding.ts";
import type { Token } from "../token.ts";
import type { EditableText } from "./editable-text.ts";
import type { NormalizedString } from "./normalized-string.ts";

/** A piece of a text, and its tokens once it has them. Added tokens have theirs from the beginning. */
export interface Piece<T extends EditableText> {
  readonly normalized: T;
  tokens: readonly Token[] | null;
}

/** A text cut into pieces, on the way from one string to tokens (tokenizers/src/tokenizer/pre_tokenizer.rs). */
export class PreTokenizedString<T extends EditableText> {
  #pieces: Piece<T>[];

  constructor(pieces: readonly Piece<T>[]) {
    this.#pieces = [...pieces];
  }

  get pieces(): readonly Piece<T>[] {
    return this.#pieces;
  }

  /** Replaces every piece without tokens by the pieces that `cut` makes of it. Empty ones are dropped. */
  split(cut: (normalized: T) => readonly T[]): void {
    const pieces: Piece<T>[] = [];
    for (const piece of this.#pieces) {
      if (piece.tokens !== null) {
        pieces.push(piece);
        continue;
      }
      for (const normalized of cut(piece.normalized)) {
        if (normalized.text.length > 0) pieces.push({ normalized, tokens: null });
      }
    }
    this.#pieces = pieces;
  }

  /**
   * Gives tokens to every piece. With a limit, pieces beyond it are dropped untokenized, from the end
   * (direction "right") or from the beginning, as the reference does under truncation.
   */
  tokenize(tokenizeWord: (word: string) => readonly Token[], limit: TokenLimit | null): void {
    if (limit === null) {
      for (const piece of this.#pieces) piece.tokens ??= tokenizeWord(piece.normalized.text);
      return;
    }
    const count = this.#pieces.length;
    const fromRight = limit.direction === "left";
    let total = 0;
    let visited = 0;
    while (visited < count) {
      const piece = this.#pieces[fromRight ? count - 1 - visited : visited]!;
      visited++;
      const given = piece.tokens !== null;
      piece.tokens ??= tokenizeWord(piece.normalized.text);
      total += piece.tokens.length;
      if (!given && total >= limit.tokens) break; // an added token never ends the search
    }
    this.#pieces = fromRight ? this.#pieces.slice(count - visited) : this.#pieces.slice(0, visited);
  }
}

/** The tokens of all pieces, with offsets in the original text. */
export function toEncoding(text: PreTokenizedString<NormalizedString>, typeId: number): Encoding {
  const encoding = new Encoding();
  for (const [index, { normalized, tokens }] of text.pieces.entries()) {
    for (const token of tokens ?? []) {
      encoding.push({
        id: token.id,
        token: token.value,
        offsets: normalized.original(token.start, token.end),
        wordId: index,
        typeId,
        special: false,
      });
    }
  }
  return encoding;
}

/** Enough tokens: what lies beyond them will be truncated anyway. */
export interface TokenLimit {
  readonly tokens: number;
  readonly direction: "left" | "right";
}
