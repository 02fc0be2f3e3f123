import type { PreTokenizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import type { PreTokenizedString } from "../text/pre-tokenized-string.ts";
import { spansOfCodePoints, split } from "../text/split.ts";
import { numeric } from "../unicode/categories.ts";

/** Cuts around numbers, or around each digit of them. */
export class Digits implements PreTokenizer {
  readonly #individual: boolean;
  readonly asksForOrigins = false;
  readonly separable = false; // what lies between numbers stays in one piece, spaces and all

  constructor(individual: boolean) {
    this.#individual = individual;
  }

  preTokenize<T extends EditableText>(text: PreTokenizedString<T>): void {
    const behavior = this.#individual ? "Isolated" : "Contiguous";
    text.split((piece) => split(piece, spansOfCodePoints(piece.text, isNumeric), behavior));
  }
}

const isNumeric = (codePoint: number) => numeric.has(codePoint);
