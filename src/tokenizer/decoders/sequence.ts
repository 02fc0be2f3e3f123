import type { Decoder } from "../component.ts";

/** Several decoders, one after the other. */
export class Sequence implements Decoder {
  readonly #decoders: readonly Decoder[];

  constructor(decoders: readonly Decoder[]) {
    this.#decoders = decoders;
  }

  decode(tokens: readonly string[]): readonly string[] {
    let current = tokens;
    for (const decoder of this.#decoders) current = decoder.decode(current);
    return current;
  }
}
