/** From texts to packed batches. */
import type { PackedTokens } from "../models/encoder.ts";
import type { InputModule, TokenizedText } from "../modules/module.ts";
import type { TextOrPair } from "../tokenizer/tokenizer.ts";

export interface TextBatch {
  /** Where each text of this batch stands in what the user gave. */
  readonly indices: readonly number[];
  readonly texts: readonly TokenizedText[];
}

/**
 * Cuts texts, or pairs, into batches of at most `batchSize` of them (null: as the backend likes), longest first: the
 * longest show at once whether memory suffices, and estimates of the time left err to the safe side. A batch is cut
 * again where it has more tokens than the backend likes at once. None of this changes a number: every text is computed
 * by itself.
 */
export function* makeBatches(
  texts: readonly TextOrPair[],
  input: InputModule,
  { batchSize, task }: { readonly batchSize: number | null; readonly task: string | null },
): Generator<TextBatch> {
  const lengths = texts.map((text) =>
    typeof text === "string" ? text.length : text[0].length + text[1].length,
  );
  const order = texts.map((_, index) => index).sort((a, b) => lengths[b]! - lengths[a]!);
  const { batchTexts, batchTokens } = input.backend.capabilities;
  const mostTexts = batchSize ?? batchTexts;
  for (let start = 0; start < order.length; start += mostTexts) {
    let indices: number[] = [];
    let batch: TokenizedText[] = [];
    let tokens = 0;
    for (const index of order.slice(start, start + mostTexts)) {
      const text = input.tokenize(texts[index]!, task);
      if (batch.length > 0 && tokens + text.inputIds.length > batchTokens) {
        yield { indices, texts: batch };
        indices = [];
        batch = [];
        tokens = 0;
      }
      indices.push(index);
      batch.push(text);
      tokens += text.inputIds.length;
    }
    yield { indices, texts: batch };
  }
}

/** The tokens of all texts one after the other. */
export function packTokens(texts: readonly TokenizedText[]): PackedTokens {
  const offsets = new Int32Array(texts.length + 1);
  for (const [i, { inputIds }] of texts.entries()) offsets[i + 1] = offsets[i]! + inputIds.length;
  const inputIds = new Int32Array(offsets.at(-1)!);
  const typed = texts.some(({ tokenTypeIds }) => tokenTypeIds instanceof Int32Array);
  const tokenTypeIds = typed ? new Int32Array(inputIds.length) : null;
  for (const [i, text] of texts.entries()) {
    inputIds.set(text.inputIds, offsets[i]!);
    if (text.tokenTypeIds) tokenTypeIds?.set(text.tokenTypeIds, offsets[i]!);
  }
  return { inputIds, tokenTypeIds, positionIds: null, offsets };
}
