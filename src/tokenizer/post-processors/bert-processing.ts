import type { PostProcessor } from "../component.ts";
import { Encoding } from "../encoding.ts";

/** A special token and its id. */
export type SpecialToken = readonly [token: string, id: number];

/** [CLS] A [SEP] and [CLS] A [SEP] B [SEP], type ids 0 and 1 (tokenizers/src/processors/bert.rs). */
export class BertProcessing implements PostProcessor {
  readonly sep: SpecialToken;
  readonly cls: SpecialToken;

  constructor(sep: SpecialToken, cls: SpecialToken) {
    this.sep = sep;
    this.cls = cls;
  }

  addedTokens(isPair: boolean): number {
    return isPair ? 3 : 2;
  }

  process(encodings: readonly Encoding[], addSpecialTokens: boolean): readonly Encoding[] {
    if (!addSpecialTokens) return encodings;
    return encodings.map((encoding, i) =>
      i === 0 ? surround(encoding, [this.cls], [this.sep], 0) : surround(encoding, [], [this.sep], 1),
    );
  }
}

/** An encoding, and each of its overflowing parts, between special tokens. */
export function surround(
  encoding: Encoding,
  before: readonly SpecialToken[],
  after: readonly SpecialToken[],
  typeId: number,
  sequence: number = typeId,
): Encoding {
  const out = specialTokens(before, typeId);
  const own = encoding.slice(0, encoding.length);
  own.setSequence(sequence);
  own.specialTokensMask.fill(0);
  own.attentionMask.fill(1);
  out.merge(own);
  out.merge(specialTokens(after, typeId));
  out.overflowing = encoding.overflowing.map((part) => surround(part, before, after, typeId, sequence));
  return out;
}

/** Special tokens alone, at no place in the text. */
export function specialTokens(tokens: readonly SpecialToken[], typeId: number): Encoding {
  const encoding = new Encoding();
  for (const [token, id] of tokens) {
    encoding.push({ id, token, offsets: [0, 0], wordId: null, typeId, special: true });
  }
  return encoding;
}
