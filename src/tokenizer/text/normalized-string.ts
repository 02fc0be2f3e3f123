import type { Changes } from "../unicode/normalization.ts";
import { EditableText, fromCodePoints, type Span } from "./editable-text.ts";

/**
 * A text under normalization that remembers where each of its UTF-16 units came from: unit i stands for the
 * units [starts[i], ends[i]) of the original text (or for none, where both are equal).
 *
 * The reference keeps the same record per byte (tokenizers/src/tokenizer/normalizer.rs); all bytes of a
 * character share one entry there, so a record per unit loses nothing.
 */
export class NormalizedString extends EditableText {
  #text: string;
  // Slices share the arrays of what they were cut from: unit i of this text is element base + i.
  #starts: Int32Array; // in units of the original text
  #ends: Int32Array;
  #base: number;
  /** Where this slice begins and ends in the original text. */
  readonly originalStart: number;
  readonly originalEnd: number;

  private constructor(
    text: string,
    starts: Int32Array,
    ends: Int32Array,
    base: number,
    originalStart: number,
    originalEnd: number,
  ) {
    super();
    this.#text = text;
    this.#starts = starts;
    this.#ends = ends;
    this.#base = base;
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
    return new NormalizedString(text, starts, ends, 0, 0, length);
  }

  /** The normalized text. */
  override get text(): string {
    return this.#text;
  }

  /**
   * What the units [start, end) of the normalized text stand for, in units of the original text. An empty
   * range is returned as it is, counted from the beginning of this slice (so does the reference).
   */
  original(start: number, end: number): [number, number] {
    if (start >= end || end > this.#text.length)
      return [this.originalStart + start, this.originalStart + end];
    return [this.#starts[this.#base + start]!, this.#ends[this.#base + end - 1]!];
  }

  /** The units [start, end) as a string of its own. */
  override slice(start: number, end: number): NormalizedString {
    const [originalStart, originalEnd] = this.original(start, end);
    return new NormalizedString(
      this.#text.slice(start, end),
      this.#starts,
      this.#ends,
      this.#base + start,
      originalStart,
      originalEnd,
    );
  }

  override get beginsOriginal(): boolean {
    return this.originalStart === 0;
  }

  override transformRange(
    from: number,
    to: number,
    { points, changes }: Changes,
    removedFirst: number,
  ): void {
    const old = this.#text;
    let position = skip(old, from, to, removedFirst);

    let length = 0;
    for (const point of points) length += point > 0xffff ? 2 : 1;
    const total = old.length - (to - from) + length;
    const starts = new Int32Array(total);
    const ends = new Int32Array(total);
    if (from > 0) this.#copy(0, from, starts, ends, 0);

    let unit = from;
    for (let i = 0; i < points.length; i++) {
      const change = changes[i]!;
      // An inserted code point shares the origin of the one before it.
      const origin = change > 0 ? position - 1 : position;
      const start = this.#startOf(origin);
      const end = this.#endOf(origin);
      if (change <= 0) position = skip(old, position, to, 1 - change);
      starts[unit] = start;
      ends[unit++] = end;
      if (points[i]! > 0xffff) {
        starts[unit] = start;
        ends[unit++] = end;
      }
    }
    if (to < old.length) this.#copy(to, old.length, starts, ends, unit);
    this.#text = old.slice(0, from) + fromCodePoints(points) + old.slice(to);
    this.#starts = starts;
    this.#ends = ends;
    this.#base = 0;
  }

  override replace(spans: readonly Span[], content: string): void {
    if (!spans.some((span) => span.isMatch)) return;
    let length = 0;
    for (const { start, end, isMatch } of spans) length += isMatch ? content.length : end - start;
    const starts = new Int32Array(length);
    const ends = new Int32Array(length);
    let text = "";
    let unit = 0;
    for (const { start, end, isMatch } of spans) {
      if (!isMatch) {
        text += this.#text.slice(start, end);
        this.#copy(start, end, starts, ends, unit);
        unit += end - start;
        continue;
      }
      // All of the match is removed first: the new text shares the origin of its last code point.
      text += content;
      starts.fill(this.#startOf(end - 1), unit, unit + content.length);
      ends.fill(this.#endOf(end - 1), unit, unit + content.length);
      unit += content.length;
    }
    this.#text = text;
    this.#starts = starts;
    this.#ends = ends;
    this.#base = 0;
  }

  /** Before the first unit lies the beginning of the original text, after the last its end. */
  #startOf(unit: number): number {
    if (unit < 0) return this.originalStart;
    return unit < this.#text.length ? this.#starts[this.#base + unit]! : this.originalEnd;
  }

  #endOf(unit: number): number {
    if (unit < 0) return this.originalStart;
    return unit < this.#text.length ? this.#ends[this.#base + unit]! : this.originalEnd;
  }

  #copy(from: number, to: number, starts: Int32Array, ends: Int32Array, at: number): void {
    for (let i = from, k = at; i < to; i++, k++) {
      starts[k] = this.#starts[this.#base + i]!;
      ends[k] = this.#ends[this.#base + i]!;
    }
  }
}

/** Where the text goes on after `count` code points, `to` at the latest. */
function skip(text: string, from: number, to: number, count: number): number {
  let position = from;
  for (let k = 0; k < count && position < to; k++) {
    const unit = text.charCodeAt(position);
    position += unit >= 0xd800 && unit < 0xdc00 && position + 1 < to ? 2 : 1;
  }
  return position;
}
