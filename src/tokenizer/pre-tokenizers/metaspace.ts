import type { PreTokenizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import type { PreTokenizedString } from "../text/pre-tokenized-string.ts";
import { spansOfCodePoints, split } from "../text/split.ts";

/** Where the replacement is put before a text that does not begin with it. */
export type PrependScheme = "always" | "first" | "never";

export interface MetaspaceOptions {
  /** One character, which stands for the space. */
  readonly replacement: string;
  /** "first": only before the piece that begins the text. */
  readonly prependScheme: PrependScheme;
  /** Whether each replacement begins a word. */
  readonly split: boolean;
}

/** SentencePiece's visible spaces (tokenizers/src/pre_tokenizers/metaspace.rs). */
export class Metaspace implements PreTokenizer {
  readonly #options: MetaspaceOptions;
  readonly asksForOrigins: boolean;
  readonly separable: boolean;

  constructor(options: MetaspaceOptions) {
    this.#options = options;
    this.asksForOrigins = options.prependScheme === "first";
    this.separable = options.split && options.prependScheme !== "first";
  }

  preTokenize<T extends EditableText>(text: PreTokenizedString<T>): void {
    const { replacement, prependScheme } = this.#options;
    const point = replacement.codePointAt(0)!;
    text.split((piece) => {
      if (piece.text.includes(" ")) piece.replace(spansOfCodePoints(piece.text, isSpace), replacement);
      const wanted = prependScheme === "always" || (prependScheme === "first" && piece.beginsOriginal);
      if (wanted && !piece.text.startsWith(replacement)) piece.prepend(replacement);
      if (!this.#options.split) return [piece];
      return split(
        piece,
        spansOfCodePoints(piece.text, (c) => c === point),
        "MergedWithNext",
      );
    });
  }
}

const isSpace = (codePoint: number) => codePoint === 0x20;
