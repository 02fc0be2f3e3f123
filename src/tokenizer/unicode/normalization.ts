import { CodePointSet } from "./code-point-set.ts";
import { CANONICAL, COMBINING_CLASSES, COMPATIBLE, COMPOSED } from "./tables.ts";

/**
 * The normalization forms as of Unicode 9.0, which the reference's crate is frozen at, with the bookkeeping
 * that its alignments need. An engine's `String.prototype.normalize` knows more characters than Unicode 9.0
 * did, so it is asked about single code points only, and only about those that decomposed then: Unicode
 * promises that their decompositions never change.
 */

const canonical = new CodePointSet(CANONICAL);
const compatible = new CodePointSet(COMPATIBLE);
const composed = new CodePointSet(COMPOSED);

let classes: Map<number, number> | null = null;

/** Canonical combining class, 0 to 240. */
export function combiningClass(codePoint: number): number {
  if (codePoint < 0x300) return 0;
  if (classes === null) {
    classes = new Map();
    for (const [value, encoded] of COMBINING_CLASSES) {
      const numbers = encoded.split(",");
      let position = 0;
      for (let i = 0; i + 1 < numbers.length; i += 2) {
        const start = position + Number.parseInt(numbers[i]!, 36);
        position = start + Number.parseInt(numbers[i + 1]!, 36);
        for (let c = start; c < position; c++) classes.set(c, value);
      }
    }
  }
  return classes.get(codePoint) ?? 0;
}

const canonicalCache = new Map<number, readonly number[]>();
const compatibleCache = new Map<number, readonly number[]>();

function decompose(codePoint: number, compatibility: boolean): readonly number[] | null {
  if (codePoint < 0xa0) return null;
  if (!canonical.has(codePoint) && !(compatibility && compatible.has(codePoint))) return null;
  const cache = compatibility ? compatibleCache : canonicalCache;
  let points = cache.get(codePoint);
  if (points === undefined) {
    const text = String.fromCodePoint(codePoint).normalize(compatibility ? "NFKD" : "NFD");
    points = Array.from(text, (character) => character.codePointAt(0)!);
    cache.set(codePoint, points); // at most the 16,894 code points that decompose
  }
  return points;
}

/**
 * Code points of a new text with, for each, how it came about: 0 replaces one code point, 1 is inserted,
 * −n replaces one and removes the n that follow it.
 */
export interface Changes {
  readonly points: number[];
  readonly changes: number[];
}

/** NFD, or NFKD with `compatibility`. */
export function decomposed(text: string, compatibility: boolean): Changes {
  const points: number[] = [];
  const changes: number[] = [];
  let marks = 0; // how many at the end of `points` wait for their order
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!;
    i += codePoint > 0xffff ? 2 : 1;
    const parts = decompose(codePoint, compatibility);
    for (let k = 0; k < (parts === null ? 1 : parts.length); k++) {
      const point = parts === null ? codePoint : parts[k]!;
      if (combiningClass(point) !== 0) {
        marks++;
      } else {
        if (marks > 1) sortMarks(points, changes, points.length - marks);
        marks = 0;
      }
      points.push(point);
      changes.push(k === 0 ? 0 : 1);
    }
  }
  if (marks > 1) sortMarks(points, changes, points.length - marks);
  return { points, changes };
}

/** Canonical ordering of the marks from `start` on: by class, those of one class as they stand. */
function sortMarks(points: number[], changes: number[], start: number): void {
  const marks = points.slice(start).map((point, i) => ({
    point,
    change: changes[start + i]!,
    order: combiningClass(point),
  }));
  marks.sort((a, b) => a.order - b.order); // stable
  for (const [i, { point, change }] of marks.entries()) {
    points[start + i] = point;
    changes[start + i] = change;
  }
}

const compositionCache = new Map<string, number>();

/** The code point that `first` and `second` compose to, or -1. */
function compose(first: number, second: number): number {
  if (first < 0x3c || second < 0x300) return -1; // '<' is the least first, U+0300 the least second
  const pair = String.fromCodePoint(first, second);
  let result = compositionCache.get(pair);
  if (result === undefined) {
    const joined = pair.normalize("NFC");
    const point = joined.codePointAt(0)!;
    result = joined.length === (point > 0xffff ? 2 : 1) && composed.has(point) ? point : -1;
    if (compositionCache.size >= 4096) compositionCache.clear();
    compositionCache.set(pair, result);
  }
  return result;
}

/** NFC, or NFKC with `compatibility`. */
export function recomposed(text: string, compatibility: boolean): Changes {
  const source = decomposed(text, compatibility);
  const points: number[] = [];
  const changes: number[] = [];
  let starter = -1; // the index in `points` that later code points may compose with
  let lastClass = -1; // the class of the last code point kept since the starter, -1 for none
  for (let i = 0; i < source.points.length; i++) {
    const point = source.points[i]!;
    const change = source.changes[i]!;
    const order = combiningClass(point);
    if (starter >= 0 && (lastClass < 0 || lastClass < order)) {
      const joined = compose(points[starter]!, point);
      if (joined >= 0) {
        points[starter] = joined;
        changes[starter]! += change - 1;
        continue;
      }
    }
    if (order === 0) {
      starter = points.length;
      lastClass = -1;
    } else if (starter >= 0) {
      lastClass = order;
    }
    points.push(point);
    changes.push(change);
  }
  return { points, changes };
}
