import type { Decoder } from "../component.ts";
import { replaceEach } from "./bpe-decoder.ts";
import { cleanUp } from "./word-piece.ts";

/** The output of Connectionist Temporal Classification: repeated tokens count once, padding goes. */
export class CTC implements Decoder {
  readonly #padToken: string;
  readonly #wordDelimiterToken: string;
  readonly #cleanup: boolean;

  constructor(padToken: string, wordDelimiterToken: string, cleanup: boolean) {
    this.#padToken = padToken;
    this.#wordDelimiterToken = wordDelimiterToken;
    this.#cleanup = cleanup;
  }

  decode(tokens: readonly string[]): readonly string[] {
    const out: string[] = [];
    for (const [i, token] of tokens.entries()) {
      if (i > 0 && token === tokens[i - 1]) continue;
      let text = replaceEach(token, this.#padToken, "");
      // The delimiter becomes a space only where spaces are cleaned up: so does the reference.
      if (this.#cleanup) text = replaceEach(cleanUp(text), this.#wordDelimiterToken, " ");
      if (text !== "") out.push(text);
    }
    return out;
  }
}
