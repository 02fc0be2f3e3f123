import type { PostProcessor } from "../component.ts";
import type { Encoding } from "../encoding.ts";
import { type SpecialToken, surround } from "./bert-processing.ts";
import { trimOffsets } from "./trim-offsets.ts";

export interface RobertaProcessingOptions {
  readonly sep: SpecialToken;
  readonly cls: SpecialToken;
  /** Whether offsets leave out white space. */
  readonly trimOffsets: boolean;
  /** Whether the pre-tokenizer put a space before the text. */
  readonly addPrefixSpace: boolean;
}

/** <s> A </s> and <s> A </s></s> B </s>, all type ids 0 (tokenizers/src/processors/roberta.rs). */
export class RobertaProcessing implements PostProcessor {
  readonly #options: RobertaProcessingOptions;

  constructor(options: RobertaProcessingOptions) {
    this.#options = options;
  }

  addedTokens(isPair: boolean): number {
    return isPair ? 4 : 2;
  }

  process(encodings: readonly Encoding[], addSpecialTokens: boolean): readonly Encoding[] {
    const { sep, cls, addPrefixSpace } = this.#options;
    for (const encoding of encodings) {
      if (this.#options.trimOffsets) trimOffsets(encoding, addPrefixSpace);
      encoding.setTypeIds(0);
    }
    if (!addSpecialTokens) return encodings;
    return encodings.map((encoding, i) => {
      for (const part of encoding.overflowing) part.setTypeIds(0);
      return surround(encoding, [i === 0 ? cls : sep], [sep], 0, i);
    });
  }
}
