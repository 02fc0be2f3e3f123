/** A tokenizer that is called with texts and gives tensors, as transformers' tokenizers are used. */

import { ArgumentError, ShapeError } from "../errors.ts";
import { describe } from "../runtime/check-arguments.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import { Tensor, type Tensor2D } from "../tensor/tensor.ts";
import type { EncodeOptions, TextOrPair, Tokenizer } from "../tokenizer/tokenizer.ts";
import type { ModelInputs } from "./padded-batch.ts";

/** int32 tensors [batch, length]: those that the tokenizer's `modelInputNames` have, or that options ask for. */
export interface TokenizedBatch extends ModelInputs {
  readonly inputIds: Tensor2D;
  /** There for every tokenizer but those few whose `modelInputNames` leave it out. */
  readonly attentionMask: Tensor2D;
  /** A model that is not given them counts all as 0. */
  readonly tokenTypeIds?: Tensor2D;
}

export interface TokenizerCallOptions extends Omit<EncodeOptions, "pair" | "stride"> {
  /** Whether the result has `tokenTypeIds`. Default: whether `modelInputNames` has "token_type_ids". */
  readonly returnTokenTypeIds?: boolean | undefined;
  /** Whether the result has `attentionMask`. Default: whether `modelInputNames` has "attention_mask". */
  readonly returnAttentionMask?: boolean | undefined;
}

const optionNames: OptionNames<TokenizerCallOptions> = {
  addSpecialTokens: true,
  truncation: true,
  maxLength: true,
  padding: true,
  padToMultipleOf: true,
  paddingSide: true,
  truncationSide: true,
  returnTokenTypeIds: true,
  returnAttentionMask: true,
};

/** A `Tokenizer` that can also be called. */
export interface PretrainedTokenizer extends Pick<Tokenizer, keyof Tokenizer> {
  /** Token ids, mask and types of a text, or of many: they must come out equally long, so ask for `padding`. */
  (texts: string | readonly TextOrPair[], options?: TokenizerCallOptions): TokenizedBatch;
}

/** The methods, accessors and fields of `tokenizer` on a function. */
export function callableTokenizer(tokenizer: Tokenizer): PretrainedTokenizer {
  const call = (texts: string | readonly TextOrPair[], options?: TokenizerCallOptions) =>
    encodeToTensors(tokenizer, texts, options);
  const members = {
    ...Object.getOwnPropertyDescriptors(Object.getPrototypeOf(tokenizer) as Tokenizer),
    ...Object.getOwnPropertyDescriptors(tokenizer),
  };
  for (const [name, { value, get }] of Object.entries(members)) {
    if (name === "constructor") continue;
    if (typeof value === "function") Object.defineProperty(call, name, { value: value.bind(tokenizer) });
    else Object.defineProperty(call, name, { get: get?.bind(tokenizer) ?? (() => value), enumerable: true });
  }
  return call as unknown as PretrainedTokenizer;
}

function encodeToTensors(
  tokenizer: Tokenizer,
  texts: string | readonly TextOrPair[],
  options: TokenizerCallOptions = {},
): TokenizedBatch {
  if (typeof texts !== "string" && !Array.isArray(texts)) {
    throw new ArgumentError(`tokenizer: expected a text or an array of texts, got ${describe(texts)}`);
  }
  const {
    returnTokenTypeIds = tokenizer.givesTokenTypes,
    returnAttentionMask = tokenizer.modelInputNames.includes("attention_mask"),
    ...encoding
  } = readOptions("tokenizer", options, optionNames);
  const encodings = tokenizer.encodeBatch(typeof texts === "string" ? [texts] : texts, encoding);
  const length = encodings[0]?.inputIds.length ?? 0;
  const uneven = encodings.findIndex(({ inputIds }) => inputIds.length !== length);
  if (uneven !== -1) {
    throw new ShapeError(
      `tokenizer: text 0 has ${length} tokens, text ${uneven} has ${encodings[uneven]!.inputIds.length}; ` +
        "a tensor needs equal lengths: ask for { padding: true }",
      { code: "uneven-lengths", subject: "padding" },
    );
  }
  const matrix = (rows: readonly (readonly number[])[]) =>
    Tensor.from(Int32Array.from(rows.flat()), [rows.length, length]);
  const batch: ModelInputs = {
    inputIds: matrix(encodings.map(({ inputIds }) => inputIds)),
    ...(returnAttentionMask && { attentionMask: matrix(encodings.map((one) => one.attentionMask)) }),
    ...(returnTokenTypeIds && { tokenTypeIds: matrix(encodings.map((one) => one.tokenTypeIds)) }),
  };
  return batch as TokenizedBatch;
}
