import type { Model } from "../component.ts";
import type { Token } from "../token.ts";

const MOST_WORDS = 8192;
/** In UTF-16 units: longer words would push out many short ones. */
const LONGEST_WORD = 64;

/** The tokens of words that were cut before. Bounded: when it is full, it starts anew. */
export class TokenizedWords {
  readonly #known = new Map<string, readonly Token[]>();

  tokenize(model: Model, word: string): readonly Token[] {
    if (word.length > LONGEST_WORD) return model.tokenize(word);
    let tokens = this.#known.get(word);
    if (tokens === undefined) {
      tokens = model.tokenize(word);
      if (this.#known.size >= MOST_WORDS) this.#known.clear();
      this.#known.set(word, tokens);
    }
    return tokens;
  }
}
