import type { Decoder } from "../component.ts";

/** Makes one token of all. */
export class Fuse implements Decoder {
  decode(tokens: readonly string[]): readonly string[] {
    return [tokens.join("")];
  }
}
