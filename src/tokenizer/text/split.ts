import type { EditableText, Span } from "./editable-text.ts";

/** What becomes of the delimiter that a text is split at. */
export type SplitBehavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

export const SPLIT_BEHAVIORS: readonly SplitBehavior[] = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
];

/** Spans of a text of which every code point that `matches` says yes to is a match of its own. */
export function spansOfCodePoints(text: string, matches: (codePoint: number) => boolean): Span[] {
  const spans: Span[] = [];
  let last = 0;
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!;
    const end = i + (codePoint > 0xffff ? 2 : 1);
    if (matches(codePoint)) {
      if (last < i) spans.push({ start: last, end: i, isMatch: false });
      spans.push({ start: i, end, isMatch: true });
      last = end;
    }
    i = end;
  }
  if (last < text.length || text.length === 0) spans.push({ start: last, end: text.length, isMatch: false });
  return spans;
}

/** The ranges that remain of `spans` (which cover a text in order) under `behavior`. */
function applyBehavior(spans: readonly Span[], behavior: SplitBehavior): [number, number][] {
  const ranges: [number, number][] = [];
  let previousMatch = false;
  switch (behavior) {
    case "Isolated":
      for (const { start, end } of spans) ranges.push([start, end]);
      return ranges;
    case "Removed":
      for (const { start, end, isMatch } of spans) if (!isMatch) ranges.push([start, end]);
      return ranges;
    case "Contiguous":
      for (const { start, end, isMatch } of spans) {
        const last = ranges.at(-1);
        if (isMatch === previousMatch && last !== undefined) last[1] = end;
        else ranges.push([start, end]);
        previousMatch = isMatch;
      }
      return ranges;
    case "MergedWithPrevious":
      for (const { start, end, isMatch } of spans) {
        const last = ranges.at(-1);
        if (isMatch && !previousMatch && last !== undefined) last[1] = end;
        else ranges.push([start, end]);
        previousMatch = isMatch;
      }
      return ranges;
    case "MergedWithNext":
      for (let i = spans.length - 1; i >= 0; i--) {
        const { start, end, isMatch } = spans[i]!;
        const last = ranges.at(-1);
        if (isMatch && !previousMatch && last !== undefined) last[0] = start;
        else ranges.push([start, end]);
        previousMatch = isMatch;
      }
      return ranges.reverse();
  }
}

/** Cuts a text at its spans. Empty pieces are left out. */
export function split<T extends EditableText>(text: T, spans: readonly Span[], behavior: SplitBehavior): T[] {
  const pieces: T[] = [];
  for (const [start, end] of applyBehavior(spans, behavior)) {
    if (start < end) pieces.push(text.slice(start, end) as T); // a text's slices are texts of its kind
  }
  return pieces;
}

/** The same spans with matches and gaps exchanged. */
export function inverted(spans: readonly Span[]): Span[] {
  return spans.map(({ start, end, isMatch }) => ({ start, end, isMatch: !isMatch }));
}
