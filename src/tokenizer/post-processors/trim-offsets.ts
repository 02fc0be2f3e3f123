import type { Encoding } from "../encoding.ts";
import { whiteSpace } from "../unicode/categories.ts";

const SPACE_OF_BYTE_LEVEL = 0x120; // Ġ, which stands for the byte 0x20

/**
 * Leaves white space out of the offsets of each token, in the overflowing parts too. One space at the very
 * beginning stays where the pre-tokenizer may have put it (tokenizers/src/pre_tokenizers/byte_level.rs).
 */
export function trimOffsets(encoding: Encoding, addPrefixSpace: boolean): void {
  for (const [i, token] of encoding.tokens.entries()) {
    let leading = 0;
    while (leading < token.length && isSpace(token.charCodeAt(leading))) leading++;
    let trailing = 0;
    while (trailing < token.length && isSpace(token.charCodeAt(token.length - 1 - trailing))) trailing++;
    const isBlank = leading === token.length; // nothing remains, however many units the white space came from
    const offsets = encoding.offsets[i]!;
    if (leading > 0) {
      const isFirst = i === 0 || offsets[0] === 0;
      if (isFirst && addPrefixSpace && leading === 1) leading = 0;
      offsets[0] = isBlank && leading > 0 ? offsets[1] : Math.min(offsets[0] + leading, offsets[1]);
    }
    if (trailing > 0 && offsets[1] >= trailing) {
      offsets[1] = isBlank ? offsets[0] : Math.max(offsets[1] - trailing, offsets[0]);
    }
  }
  for (const part of encoding.overflowing) trimOffsets(part, addPrefixSpace);
}

function isSpace(unit: number): boolean {
  return unit === SPACE_OF_BYTE_LEVEL || whiteSpace.has(unit);
}
