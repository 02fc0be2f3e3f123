import type { Normalizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import { whiteSpace } from "../unicode/categories.ts";

/** Removes white space from the ends. */
export class Strip implements Normalizer {
  readonly characterwise = false;
  readonly separable: boolean;
  readonly reordersMarks = false;
  readonly #left: boolean;
  readonly #right: boolean;

  constructor(left: boolean, right: boolean) {
    this.#left = left;
    this.#right = right;
    this.separable = !left; // a part of a text begins with a space
  }

  normalize(text: EditableText): void {
    const source = text.text;
    let start = 0;
    let end = source.length;
    while (this.#left && start < end && whiteSpace.has(source.charCodeAt(start))) start++;
    while (this.#right && end > start && whiteSpace.has(source.charCodeAt(end - 1))) end--;
    if (end - start === source.length) return;
    let position = 0;
    const left = start; // white space is in the basic plane: units are code points
    const right = end;
    text.filter((codePoint) => {
      const keep = position >= left && position < right;
      position += codePoint > 0xffff ? 2 : 1;
      return keep;
    });
  }
}
