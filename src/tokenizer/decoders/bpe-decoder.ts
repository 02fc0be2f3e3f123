import type { Decoder } from "../component.ts";

/** Takes the suffix of word ends back to spaces, but for the last. */
export class BPEDecoder implements Decoder {
  readonly #suffix: string;

  constructor(suffix: string) {
    this.#suffix = suffix;
  }

  decode(tokens: readonly string[]): readonly string[] {
    return tokens.map((token, i) => replaceEach(token, this.#suffix, i === tokens.length - 1 ? "" : " "));
  }
}

/** Rust's `str::replace`: an empty pattern is found around every character. */
export function replaceEach(text: string, pattern: string, by: string): string {
  if (pattern !== "") return text.replaceAll(pattern, by);
  let out = by;
  for (const character of text) out += character + by;
  return out;
}
