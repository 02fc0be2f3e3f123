import type { Decoder } from "../component.ts";
import type { Pattern } from "../regex/pattern.ts";

/** Replaces every match of a pattern in each token. */
export class Replace implements Decoder {
  readonly #pattern: Pattern;
  readonly #content: string;

  constructor(pattern: Pattern, content: string) {
    this.#pattern = pattern;
    this.#content = content;
  }

  decode(tokens: readonly string[]): readonly string[] {
    return tokens.map((token) => {
      let out = "";
      for (const { start, end, isMatch } of this.#pattern.spans(token)) {
        out += isMatch ? this.#content : token.slice(start, end);
      }
      return out;
    });
  }
}
