import type { Normalizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";

/** Puts a string before a text that is not empty. */
export class Prepend implements Normalizer {
  readonly characterwise = false;
  readonly separable = false;
  readonly reordersMarks = false;
  readonly #content: string;

  constructor(content: string) {
    this.#content = content;
  }

  normalize(text: EditableText): void {
    text.prepend(this.#content);
  }
}
