import type { Tensor2D } from "../tensor/tensor.ts";

/** With `outputValue: null`: all that the model computed for one text. */
export interface TextFeatures {
  readonly inputIds: Int32Array;
  /** Left out where the tokenizer's `modelInputNames` do not have them: the model is given none then. */
  readonly tokenTypeIds?: Int32Array;
  /** All 1: texts are never padded. */
  readonly attentionMask: Int32Array;
  /** [tokens, hidden]; null where the model makes none (StaticEmbedding). */
  readonly tokenEmbeddings: Tensor2D | null;
  /** [dimension], truncated to `truncateDim`; not normalized by `normalizeEmbeddings`, as in the reference. */
  readonly sentenceEmbedding: Float32Array;
  /** How many tokens belong to the prompt; null without a prompt. */
  readonly promptLength: number | null;
  /** Whether the text was longer than `maxSeqLength` and its end was cut off. */
  readonly truncated: boolean;
}
