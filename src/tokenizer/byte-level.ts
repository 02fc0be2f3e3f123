import type { Changes } from "./unicode/normalization.ts";

/**
 * GPT-2's alphabet: a printable character for each byte, so that text of bytes is text
 * (github.com/openai/gpt-2, src/encoder.py). Printable bytes of Latin-1 stand for themselves.
 */
const characterOfByte = alphabet(); // [256]
/** The byte of each character, -1 where there is none; all lie below U+0144. */
const byteOfCharacter = inverted(characterOfByte); // [0x144]

function alphabet(): Uint16Array {
  const characters = new Uint16Array(256);
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    characters[byte] = printable ? byte : next++;
  }
  return characters;
}

function inverted(characters: Uint16Array): Int16Array {
  const bytes = new Int16Array(0x144).fill(-1);
  for (const [byte, character] of characters.entries()) bytes[character] = byte;
  return bytes;
}

/** The byte that a character stands for, -1 for none. */
export function byteOf(unit: number): number {
  return unit < byteOfCharacter.length ? byteOfCharacter[unit]! : -1;
}

/** A text as the characters of its UTF-8 bytes. */
export function toByteLevel(text: string): Changes {
  const points: number[] = [];
  const changes: number[] = [];
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!;
    i += codePoint > 0xffff ? 2 : 1;
    const from = points.length;
    pushBytes(codePoint, points);
    for (let k = from; k < points.length; k++) {
      points[k] = characterOfByte[points[k]!]!;
      changes.push(k === from ? 0 : 1);
    }
  }
  return { points, changes };
}

/** Appends the UTF-8 bytes of a code point. */
export function pushBytes(codePoint: number, bytes: number[]): void {
  if (codePoint < 0x80) {
    bytes.push(codePoint);
  } else if (codePoint < 0x800) {
    bytes.push(0xc0 | (codePoint >> 6), 0x80 | (codePoint & 0x3f));
  } else if (codePoint < 0x10000) {
    bytes.push(0xe0 | (codePoint >> 12), 0x80 | ((codePoint >> 6) & 0x3f), 0x80 | (codePoint & 0x3f));
  } else {
    bytes.push(
      0xf0 | (codePoint >> 18),
      0x80 | ((codePoint >> 12) & 0x3f),
      0x80 | ((codePoint >> 6) & 0x3f),
      0x80 | (codePoint & 0x3f),
    );
  }
}

/** How many bytes a code point has in UTF-8. */
export function byteLength(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}
