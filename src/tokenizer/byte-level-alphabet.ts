import type { EditableText } from "./editable-text.ts";

/**
 * The alphabet of byte-level models: each byte is one visible character. Printable Latin-1 stands for itself;
 * the other 68 bytes, in order, are U+0100 and those that follow it (GPT-2, src/encoder.py, bytes_to_unicode).
 */
export const BYTE_CHARACTERS: readonly string[] = Array.from(alphabet(), (point) =>
  String.fromCodePoint(point),
);

/** [0x144], the byte that a character stands for, -1 for none. */
const BYTES = inverse(BYTE_CHARACTERS);

function* alphabet(): Generator<number> {
  let other = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const isPrintable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    yield isPrintable ? byte : other++;
  }
}

function inverse(characters: readonly string[]): Int16Array {
  const bytes = new Int16Array(0x144).fill(-1);
  for (const [byte, character] of characters.entries()) bytes[character.charCodeAt(0)] = byte;
  return bytes;
}

/** The byte that a UTF-16 unit stands for, -1 for units outside of the alphabet. */
export function byteOf(unit: number): number {
  return BYTES[unit] ?? -1;
}

/** The bytes of the UTF-8 form of a well-formed text, each as its character. */
export function toByteCharacters(text: string): string {
  let out = "";
  forEachByte(text, (byte) => {
    out += BYTE_CHARACTERS[byte]!;
  });
  return out;
}

/** As {@link toByteCharacters}: all characters of a byte sequence come from the character that it encodes. */
export function applyByteCharacters(text: EditableText): void {
  const points: number[] = [];
  const changes: number[] = [];
  forEachByte(text.text, (byte, isFirst) => {
    points.push(BYTE_CHARACTERS[byte]!.charCodeAt(0));
    changes.push(isFirst ? 0 : 1);
  });
  if (points.length > 0) text.transform({ points, changes });
}

function forEachByte(text: string, visit: (byte: number, isFirst: boolean) => void): void {
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i)!;
    if (point < 0x80) {
      visit(point, true);
    } else if (point < 0x800) {
      visit(0xc0 | (point >> 6), true);
      visit(0x80 | (point & 0x3f), false);
    } else if (point < 0x10000) {
      visit(0xe0 | (point >> 12), true);
      visit(0x80 | ((point >> 6) & 0x3f), false);
      visit(0x80 | (point & 0x3f), false);
    } else {
      i++;
      visit(0xf0 | (point >> 18), true);
      visit(0x80 | ((point >> 12) & 0x3f), false);
      visit(0x80 | ((point >> 6) & 0x3f), false);
      visit(0x80 | (point & 0x3f), false);
    }
  }
}
