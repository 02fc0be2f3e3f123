import type { PostProcessor } from "../component.ts";
import type { Encoding } from "../encoding.ts";
import { trimOffsets } from "./trim-offsets.ts";

/** Leaves white space out of offsets; adds nothing. */
export class ByteLevel implements PostProcessor {
  readonly #trimOffsets: boolean;
  readonly #addPrefixSpace: boolean;

  constructor(trims: boolean, addPrefixSpace: boolean) {
    this.#trimOffsets = trims;
    this.#addPrefixSpace = addPrefixSpace;
  }

  addedTokens(): number {
    return 0;
  }

  process(encodings: readonly Encoding[]): readonly Encoding[] {
    for (const [i, encoding] of encodings.entries()) {
      if (this.#trimOffsets) trimOffsets(encoding, this.#addPrefixSpace);
      encoding.setSequence(i);
    }
    return encodings;
  }
}
