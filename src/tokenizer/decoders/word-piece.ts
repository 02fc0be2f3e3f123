import type { Decoder } from "../component.ts";

/** Joins word pieces with spaces between words (tokenizers/src/decoders/wordpiece.rs). */
export class WordPiece implements Decoder {
  readonly #prefix: string;
  readonly #cleanup: boolean;

  /** @param prefix what continuations begin with @param cleanup whether spaces before punctuation go */
  constructor(prefix: string, cleanup: boolean) {
    this.#prefix = prefix;
    this.#cleanup = cleanup;
  }

  decode(tokens: readonly string[]): readonly string[] {
    return tokens.map((token, i) => {
      let text = token;
      if (i > 0) text = token.startsWith(this.#prefix) ? token.slice(this.#prefix.length) : ` ${token}`;
      return this.#cleanup ? cleanUp(text) : text;
    });
  }
}

/** Takes back the spaces that word piece tokenization puts before punctuation and contractions. */
export function cleanUp(text: string): string {
  return cleanUpSpaces(text, true);
}

/** As {@link cleanUp}; `doNot`: also " do not" becomes " don't", which only the reference's decoders do. */
export function cleanUpSpaces(text: string, doNot: boolean): string {
  if (!text.includes(" ")) return text;
  let out = text
    .replaceAll(" .", ".")
    .replaceAll(" ?", "?")
    .replaceAll(" !", "!")
    .replaceAll(" ,", ",")
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m");
  if (doNot) out = out.replaceAll(" do not", " don't");
  return out.replaceAll(" 's", "'s").replaceAll(" 've", "'ve").replaceAll(" 're", "'re");
}
