import type { PreTokenizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import type { PreTokenizedString } from "../text/pre-tokenized-string.ts";

/** Several pre-tokenizers, one after the other. */
export class Sequence implements PreTokenizer {
  readonly preTokenizers: readonly PreTokenizer[];
  readonly asksForOrigins: boolean;
  readonly separable: boolean;

  constructor(preTokenizers: readonly PreTokenizer[]) {
    this.preTokenizers = preTokenizers;
    this.asksForOrigins = preTokenizers.some((part) => part.asksForOrigins);
    // Once words are cut at spaces, whatever looks at one word alone keeps them apart.
    this.separable = preTokenizers[0]?.separable ?? false;
  }

  preTokenize<T extends EditableText>(text: PreTokenizedString<T>): void {
    for (const preTokenizer of this.preTokenizers) preTokenizer.preTokenize(text);
  }
}
