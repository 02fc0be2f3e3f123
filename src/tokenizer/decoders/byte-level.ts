import { byteOf, pushBytes } from "../byte-level.ts";
import type { Decoder } from "../component.ts";

/** Takes the characters of bytes back to text. Tokens with other characters count as they are. */
export class ByteLevel implements Decoder {
  decode(tokens: readonly string[]): readonly string[] {
    const bytes: number[] = [];
    for (const token of tokens) {
      const start = bytes.length;
      for (let i = 0; i < token.length; i++) {
        const byte = byteOf(token.charCodeAt(i));
        if (byte < 0) {
          bytes.length = start;
          for (const character of token) pushBytes(character.codePointAt(0)!, bytes);
          break;
        }
        bytes.push(byte);
      }
    }
    return [new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes))];
  }
}
