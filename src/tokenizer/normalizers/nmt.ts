import type { Normalizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";

/** The cleaning of Google's machine translation: controls go, spaces of all kinds become U+0020. */
export class Nmt implements Normalizer {
  readonly characterwise = true;
  readonly separable = true;
  readonly reordersMarks = false;

  normalize(text: EditableText): void {
    text.filter((c) => !isDropped(c));
    text.map((c) => (isSpace(c) ? 0x20 : c));
  }
}

function isDropped(c: number): boolean {
  return (
    (c >= 0x01 && c <= 0x08) ||
    c === 0x0b ||
    (c >= 0x0e && c <= 0x1f) ||
    c === 0x7f ||
    c === 0x8f ||
    c === 0x9f
  );
}

function isSpace(c: number): boolean {
  return (
    c === 0x09 ||
    c === 0x0a ||
    c === 0x0c ||
    c === 0x0d ||
    c === 0x1680 ||
    (c >= 0x200b && c <= 0x200f) ||
    c === 0x2028 ||
    c === 0x2029 ||
    c === 0x2581 ||
    c === 0xfeff ||
    c === 0xfffd
  );
}
