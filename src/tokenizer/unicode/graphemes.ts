import { CodePointSet } from "./code-point-set.ts";
import {
  GRAPHEME_ATTACHES,
  GRAPHEME_CONJUNCT,
  GRAPHEME_CONSONANT,
  GRAPHEME_CONTROL,
  GRAPHEME_EXTEND,
  GRAPHEME_LINKER,
  GRAPHEME_PICTOGRAPHIC,
  GRAPHEME_PREPEND,
} from "./tables.ts";

/**
 * Extended grapheme clusters (UAX #29), frozen at what the reference's crate knows, as far as the normalizer
 * Precompiled can tell: it looks at clusters of up to 5 bytes as a whole, so controls beyond the basic plane
 * and Indic consonants of 4 bytes, for example, need no entry.
 */

const attaches = new CodePointSet(GRAPHEME_ATTACHES);
const prepend = new CodePointSet(GRAPHEME_PREPEND);
const control = new CodePointSet(GRAPHEME_CONTROL);
const pictographic = new CodePointSet(GRAPHEME_PICTOGRAPHIC);
const extend = new CodePointSet(GRAPHEME_EXTEND);
const consonant = new CodePointSet(GRAPHEME_CONSONANT);
const linker = new CodePointSet(GRAPHEME_LINKER);
const conjunct = new CodePointSet(GRAPHEME_CONJUNCT);

const JOINER = 0x200d;

/** Whether a cluster may go on with this character, whatever comes before it (but a control). */
export function attachesToPrevious(codePoint: number): boolean {
  return codePoint >= 0x300 && attaches.has(codePoint);
}

/** Whether a cluster goes on after this character, whatever comes after it (but a control). */
export function attachesToNext(codePoint: number): boolean {
  return codePoint >= 0x600 && prepend.has(codePoint);
}

/** Where the cluster that begins at `start` ends. */
export function clusterEnd(text: string, start: number): number {
  let before = text.codePointAt(start)!;
  let end = start + (before > 0xffff ? 2 : 1);
  // "…, then any number of Extend": after a pictograph for GB11, after a consonant for GB9c.
  let afterPictograph = isPictographic(before);
  let joined = false;
  let afterConsonant = consonant.has(before);
  let linked = false;
  let indicators = isRegionalIndicator(before) ? 1 : 0;
  while (end < text.length) {
    const next = text.codePointAt(end)!;
    if (next < 0x300 && before < 0x300 && before !== 0x0d) break; // nothing below U+0300 attaches but \n to \r
    const pictograph = isPictographic(next);
    const isConsonant = next >= 0x900 && consonant.has(next);
    const goesOn = !(isControl(before) || isControl(next))
      ? attachesToPrevious(next) ||
        attachesToNext(before) ||
        hangulGoesOn(before, next) ||
        (pictograph && afterPictograph && joined) ||
        (isConsonant && afterConsonant && linked) ||
        (indicators % 2 === 1 && isRegionalIndicator(next))
      : before === 0x0d && next === 0x0a;
    if (!goesOn) break;
    if (next === JOINER || extend.has(next)) {
      if (joined) afterPictograph = false; // only a pictograph may follow the joiner
      joined = next === JOINER;
    } else {
      afterPictograph = pictograph;
      joined = false;
    }
    if (isConsonant) {
      afterConsonant = true;
      linked = false;
    } else if (linker.has(next)) {
      linked = afterConsonant;
    } else if (!conjunct.has(next)) {
      afterConsonant = false;
      linked = false;
    }
    indicators = isRegionalIndicator(next) ? indicators + 1 : 0;
    before = next;
    end += next > 0xffff ? 2 : 1;
  }
  return end;
}

function isControl(codePoint: number): boolean {
  return codePoint < 0x20 || (codePoint >= 0x7f && codePoint < 0x10000 && control.has(codePoint));
}

function isPictographic(codePoint: number): boolean {
  return codePoint >= 0xa9 && pictographic.has(codePoint);
}

function isRegionalIndicator(codePoint: number): boolean {
  return codePoint >= 0x1f1e6 && codePoint <= 0x1f1ff;
}

function isHangulL(c: number): boolean {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0xa960 && c <= 0xa97c);
}

function isHangulV(c: number): boolean {
  return (c >= 0x1160 && c <= 0x11a7) || (c >= 0xd7b0 && c <= 0xd7c6);
}

function isHangulT(c: number): boolean {
  return (c >= 0x11a8 && c <= 0x11ff) || (c >= 0xd7cb && c <= 0xd7fb);
}

function isHangulSyllable(c: number): boolean {
  return c >= 0xac00 && c <= 0xd7a3;
}

function isHangulLV(c: number): boolean {
  return isHangulSyllable(c) && (c - 0xac00) % 28 === 0;
}

function hangulGoesOn(before: number, next: number): boolean {
  if (next < 0x1100) return false;
  if (isHangulL(before)) return isHangulL(next) || isHangulV(next) || isHangulSyllable(next);
  if (isHangulLV(before) || isHangulV(before)) return isHangulV(next) || isHangulT(next);
  return (isHangulSyllable(before) || isHangulT(before)) && isHangulT(next);
}
