import type { Changes } from "../unicode/normalization.ts";

/** A stretch of a text, matched or between matches: UTF-16 units [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly isMatch: boolean;
}

/**
 * A text that normalizers change. They are written against this class and do not know whether anybody
 * keeps track of where each character came from.
 */
export abstract class EditableText {
  /** The text as it is now: well formed. */
  abstract get text(): string;

  /**
   * Replaces the units [from, to). Each new code point says how it came about ({@link Changes});
   * `removedFirst` code points of the old ones are dropped before the first of them.
   */
  abstract transformRange(from: number, to: number, changes: Changes, removedFirst: number): void;

  /** The units [start, end) as a text of its own. */
  abstract slice(start: number, end: number): EditableText;

  /** Whether the text begins where the original text does. Only texts that keep track know. */
  abstract get beginsOriginal(): boolean;

  /** Replaces every match of `spans`, which cover the text in order, by `content`. */
  abstract replace(spans: readonly Span[], content: string): void;

  /** As {@link transformRange}, for the whole text. */
  transform(changes: Changes, removedFirst = 0): void {
    this.transformRange(0, this.text.length, changes, removedFirst);
  }

  /** Keeps the code points that `keep` says yes to. */
  filter(keep: (codePoint: number) => boolean): void {
    const { text } = this;
    const points: number[] = [];
    const changes: number[] = [];
    let removed = 0;
    let removedFirst = 0;
    let changed = false;
    for (let i = 0; i < text.length; ) {
      const codePoint = text.codePointAt(i)!;
      i += codePoint > 0xffff ? 2 : 1;
      if (!keep(codePoint)) {
        changed = true;
        removed++;
        continue;
      }
      if (points.length === 0) removedFirst = removed;
      else changes[changes.length - 1] = -removed;
      points.push(codePoint);
      changes.push(0);
      removed = 0;
    }
    if (!changed) return;
    if (points.length > 0) changes[changes.length - 1] = -removed;
    this.transform({ points, changes }, removedFirst);
  }

  /** Replaces each code point by another. */
  map(to: (codePoint: number) => number): void {
    const { text } = this;
    const points: number[] = [];
    const changes: number[] = [];
    let changed = false;
    for (let i = 0; i < text.length; ) {
      const codePoint = text.codePointAt(i)!;
      i += codePoint > 0xffff ? 2 : 1;
      const other = to(codePoint);
      if (other !== codePoint) changed = true;
      points.push(other);
      changes.push(0);
    }
    if (changed) this.transform({ points, changes });
  }

  /** Puts `text` before the first code point; nothing happens to an empty text. */
  prepend(text: string): void {
    const first = this.text.codePointAt(0);
    if (first === undefined) return;
    const points = [...toCodePoints(text), first];
    const changes = points.map((_, i) => (i === 0 && text !== "" ? 0 : 1));
    this.transformRange(0, first > 0xffff ? 2 : 1, { points, changes }, 0);
  }

  /** Puts `text` after the last code point. */
  append(text: string): void {
    const points = toCodePoints(text);
    const { length } = this.text;
    this.transformRange(length, length, { points, changes: points.map(() => 1) }, 0);
  }
}

/** A text that forgets where its characters came from: for ids alone. */
export class PlainText extends EditableText {
  #text: string;

  /** @param text well formed */
  constructor(text: string) {
    super();
    this.#text = text;
  }

  override get text(): string {
    return this.#text;
  }

  override transformRange(from: number, to: number, { points }: Changes): void {
    const text = fromCodePoints(points);
    this.#text =
      from === 0 && to === this.#text.length ? text : this.#text.slice(0, from) + text + this.#text.slice(to);
  }

  override slice(start: number, end: number): PlainText {
    return new PlainText(this.#text.slice(start, end));
  }

  /** Not known: components that ask are not used with plain texts ({@link PreTokenizer.asksForOrigins}). */
  override get beginsOriginal(): boolean {
    return false;
  }

  override replace(spans: readonly Span[], content: string): void {
    let text = "";
    for (const { start, end, isMatch } of spans) text += isMatch ? content : this.#text.slice(start, end);
    this.#text = text;
  }
}

/** The code points of a well-formed text. */
export function toCodePoints(text: string): number[] {
  const points: number[] = [];
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!;
    i += codePoint > 0xffff ? 2 : 1;
    points.push(codePoint);
  }
  return points;
}

/** A string of code points; any number of them. */
export function fromCodePoints(points: readonly number[]): string {
  if (points.length < 4096) return String.fromCodePoint(...points);
  let text = "";
  for (let i = 0; i < points.length; i += 4096) text += String.fromCodePoint(...points.slice(i, i + 4096));
  return text;
}
