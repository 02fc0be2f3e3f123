import type { Decoder } from "../component.ts";
import type { PrependScheme } from "../pre-tokenizers/metaspace.ts";

/** Takes visible spaces back to spaces; those of the first token go if one may have been put there. */
export class Metaspace implements Decoder {
  readonly #replacement: string;
  readonly #scheme: PrependScheme;

  constructor(replacement: string, scheme: PrependScheme) {
    this.#replacement = replacement;
    this.#scheme = scheme;
  }

  decode(tokens: readonly string[]): readonly string[] {
    return tokens.map((token, i) =>
      token.replaceAll(this.#replacement, i === 0 && this.#scheme !== "never" ? "" : " "),
    );
  }
}
