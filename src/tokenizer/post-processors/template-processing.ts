import type { PostProcessor } from "../component.ts";
import type { Encoding } from "../encoding.ts";
import { type SpecialToken, specialTokens } from "./bert-processing.ts";

/** One of the two texts, or special tokens; and the type id that its tokens get. */
export type TemplatePiece =
  | { readonly sequence: 0 | 1; readonly typeId: number }
  | { readonly tokens: readonly SpecialToken[]; readonly typeId: number };

/** Special tokens and texts in the order of a template (tokenizers/src/processors/template.rs). */
export class TemplateProcessing implements PostProcessor {
  readonly #single: readonly TemplatePiece[];
  readonly #pair: readonly TemplatePiece[];

  constructor(single: readonly TemplatePiece[], pair: readonly TemplatePiece[]) {
    this.#single = single;
    this.#pair = pair;
  }

  addedTokens(isPair: boolean): number {
    let added = 0;
    for (const piece of isPair ? this.#pair : this.#single)
      if ("tokens" in piece) added += piece.tokens.length;
    return added;
  }

  process(encodings: readonly Encoding[], addSpecialTokens: boolean): readonly Encoding[] {
    const out: Encoding[] = [];
    for (const piece of encodings.length === 1 ? this.#single : this.#pair) {
      if ("tokens" in piece) {
        if (addSpecialTokens) out.push(specialTokens(piece.tokens, piece.typeId));
        continue;
      }
      const encoding = encodings[piece.sequence]!;
      encoding.setTypeIds(piece.typeId);
      encoding.setSequence(piece.sequence);
      out.push(encoding.clone());
    }
    return out;
  }
}
