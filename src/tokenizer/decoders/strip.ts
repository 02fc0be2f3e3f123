import type { Decoder } from "../component.ts";

/** Drops up to so many of one character at the beginning and at the end of each token. */
export class Strip implements Decoder {
  readonly #content: string;
  readonly #start: number;
  readonly #stop: number;

  /** @param content one character */
  constructor(content: string, start: number, stop: number) {
    this.#content = content;
    this.#start = start;
    this.#stop = stop;
  }

  decode(tokens: readonly string[]): readonly string[] {
    return tokens.map((token) => {
      const characters = Array.from(token);
      let start = 0;
      while (start < this.#start && characters[start] === this.#content) start++;
      let end = characters.length;
      while (characters.length - end < this.#stop && end > start && characters[end - 1] === this.#content)
        end--;
      return characters.slice(start, end).join("");
    });
  }
}
