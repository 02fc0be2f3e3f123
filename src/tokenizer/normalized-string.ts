import type { Changes } from "./unicode/normalization.ts";

/** A stretch of a text, matched or between matches: units of the normalized text. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly isMatch: boolean;
}

/**
 * A text under normalization that remembers where each of its UTF-16 units came from: unit i stands for the
 * units [starts[i], ends[i]) of the original text (or for none, where both are equal).
 *
 * The reference keeps the same record per byte (tokenizers/src/tokenizer/normalizer.rs); all bytes of a
 * character share one entry there, so a record per unit loses nothing.
 */
export class NormalizedString {
  #text: string;
  #starts: Int32Array; // [text.length], in units of the original text
  #ends: Int32Array; // [text.length]
  /** Where this slice begins and ends in the original text. */
  readonly originalStart: number;
  readonly originalEnd: number;

  private constructor(
    text: string,
    starts: Int32Array,
    ends: Int32Array,
    originalStart: number,
    originalEnd: number,
  ) {
    this.#text = text;
    this.#starts = starts;
    this.#ends = ends;
    this.originalStart = originalStart;
    this.originalEnd = originalEnd;
  }

  /** The text before any change. It must be well formed. */
  static of(text: string): NormalizedString {
    const length = text.length;
    const starts = new Int32Array(length);
    const ends = new Int32Array(length);
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      starts[i] = i;
      if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < length) {
        starts[i + 1] = i;
        ends[i] = i + 2;
        i++;
      }
      ends[i] = i + 1;
    }
    return new NormalizedString(text, starts, ends, 0, length);
  }

  /** The normalized text. */
  get text(): string {
    return this.#text;
  }

  /**
   * What the units [start, end) of the normalized text stand for, in units of the original text. An empty
   * range is returned as it is, counted from the beginning of this slice (so does the reference).
   */
  original(start: number, end: number): [number, number] {
    if (start >= end || end > this.#text.length)
      return [this.originalStart + start, this.originalStart + end];
    return [this.#starts[start]!, this.#ends[end - 1]!];
  }

  /** The units [start, end) as a string of its own. */
  slice(start: number, end: number): NormalizedString {
    const [originalStart, originalEnd] = this.original(start, end);
    return new NormalizedString(
      this.#text.slice(start, end),
      this.#starts.subarray(start, end),
      this.#ends.subarray(start, end),
      originalStart,
      originalEnd,
    );
  }

  /**
   * Replaces the whole text. Each new code point says how it came about ({@link Changes}); `removedFirst`
   * code points at the beginning are dropped before the first of them.
   */
  transform({ points, changes }: Changes, removedFirst = 0): void {
    this.transformRange(0, this.#text.length, { points, changes }, removedFirst);
  }

  /** As {@link transform}, for the units [from, to) alone. */
  transformRange(from: number, to: number, { points, changes }: Changes, removedFirst = 0): void {
    const old = this.#text;
    let position = from; // in the old text
    const skip = (count: number) => {
      for (let k = 0; k < count && position < to; k++) {
        position += isHighSurrogate(old.charCodeAt(position)) && position + 1 < to ? 2 : 1;
      }
    };
    skip(removedFirst);

    let length = 0;
    for (const point of points) length += point > 0xffff ? 2 : 1;
    const total = old.length - (to - from) + length;
    const starts = new Int32Array(total);
    const ends = new Int32Array(total);
    starts.set(this.#starts.subarray(0, from));
    ends.set(this.#ends.subarray(0, from));

    let unit = from;
    for (let i = 0; i < points.length; i++) {
      const change = changes[i]!;
      // An inserted code point shares the origin of the one before it.
      const origin = change > 0 ? position - 1 : position;
      const start = origin < 0 ? this.originalStart : (this.#starts[origin] ?? this.originalEnd);
      const end = origin < 0 ? this.originalStart : (this.#ends[origin] ?? this.originalEnd);
      if (change <= 0) skip(1 - change);
      starts[unit] = start;
      ends[unit++] = end;
      if (points[i]! > 0xffff) {
        starts[unit] = start;
        ends[unit++] = end;
      }
    }
    starts.set(this.#starts.subarray(to), unit);
    ends.set(this.#ends.subarray(to), unit);
    this.#text = old.slice(0, from) + fromCodePoints(points) + old.slice(to);
    this.#starts = starts;
    this.#ends = ends;
  }

  /** Keeps the code points that `keep` says yes to. */
  filter(keep: (codePoint: number) => boolean): void {
    const points: number[] = [];
    const changes: number[] = [];
    let removed = 0;
    let removedFirst = 0;
    for (const codePoint of codePoints(this.#text)) {
      if (!keep(codePoint)) {
        removed++;
        continue;
      }
      if (points.length === 0) removedFirst = removed;
      else changes[changes.length - 1] = -removed;
      points.push(codePoint);
      changes.push(0);
      removed = 0;
    }
    if (points.length > 0) changes[changes.length - 1] = -removed;
    this.transform({ points, changes }, removedFirst);
  }

  /** Replaces each code point by another. */
  map(to: (codePoint: number) => number): void {
    const points: number[] = [];
    for (const codePoint of codePoints(this.#text)) points.push(to(codePoint));
    this.transform({ points, changes: new Array<number>(points.length).fill(0) });
  }

  /** Puts `text` before the first code point; nothing happens to an empty string. */
  prepend(text: string): void {
    const first = this.#text.codePointAt(0);
    if (first === undefined) return;
    const points = [...codePoints(text), first];
    const changes = points.map((_, i) => (i === 0 ? 0 : 1));
    this.transformRange(0, first > 0xffff ? 2 : 1, { points, changes });
  }

  /** Puts `text` after the last code point. */
  append(text: string): void {
    const points = [...codePoints(text)];
    const length = this.#text.length;
    this.transformRange(length, length, { points, changes: points.map(() => 1) });
  }

  /** Replaces every match of `spans` (which cover the text in order) by `content`. */
  replace(spans: readonly Span[], content: string): void {
    if (!spans.some((span) => span.isMatch)) return;
    let text = "";
    const starts: number[] = [];
    const ends: number[] = [];
    for (const { start, end, isMatch } of spans) {
      if (!isMatch) {
        text += this.#text.slice(start, end);
        for (let i = start; i < end; i++) {
          starts.push(this.#starts[i]!);
          ends.push(this.#ends[i]!);
        }
        continue;
      }
      // All of the match is removed first: the new text shares the origin of its last code point.
      text += content;
      for (let i = 0; i < content.length; i++) {
        starts.push(end < 1 ? this.originalStart : this.#starts[end - 1]!);
        ends.push(end < 1 ? this.originalStart : this.#ends[end - 1]!);
      }
    }
    this.#text = text;
    this.#starts = Int32Array.from(starts);
    this.#ends = Int32Array.from(ends);
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** The code points of a well-formed text. */
export function* codePoints(text: string): Generator<number> {
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!;
    i += codePoint > 0xffff ? 2 : 1;
    yield codePoint;
  }
}

/** A string of code points; any number of them. */
export function fromCodePoints(points: readonly number[]): string {
  if (points.length < 8192) return String.fromCodePoint(...points);
  let text = "";
  for (let i = 0; i < points.length; i += 8192) text += String.fromCodePoint(...points.slice(i, i + 8192));
  return text;
}
