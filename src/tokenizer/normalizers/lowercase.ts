import type { Normalizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import { CAPITAL_I_WITH_DOT, COMBINING_DOT_ABOVE, lowercase } from "../unicode/lowercase.ts";

/** Lower case, code point by code point: a final Σ becomes σ. */
export class Lowercase implements Normalizer {
  readonly characterwise = true;
  readonly separable = true;
  readonly reordersMarks = false;

  normalize(text: EditableText): void {
    applyLowercase(text);
  }
}

export function applyLowercase(text: EditableText): void {
  const points: number[] = [];
  const changes: number[] = [];
  let changed = false;
  const source = text.text;
  for (let i = 0; i < source.length; ) {
    const codePoint = source.codePointAt(i)!;
    i += codePoint > 0xffff ? 2 : 1;
    const lower = lowercase(codePoint);
    if (lower !== codePoint) changed = true;
    points.push(lower);
    changes.push(0);
    if (codePoint === CAPITAL_I_WITH_DOT) {
      points.push(COMBINING_DOT_ABOVE);
      changes.push(1);
    }
  }
  if (changed) text.transform({ points, changes });
}
