/** How far a query sees in its own sequence. Both ends count; the query always sees its own token. */
export interface AttentionMask {
  /** Tokens before it that it sees; Infinity: all. */
  readonly before: number;
  /** Tokens after it that it sees; Infinity: all. */
  readonly after: number;
}

/** Every token sees every other one: BERT and all encoders without windows. */
export const bidirectional: AttentionMask = { before: Infinity, after: Infinity };

/** A token sees itself and what stands before it: decoders. */
export const causal: AttentionMask = { before: Infinity, after: 0 };

/** |i − j| ≤ reach: the local layers of ModernBERT, where `reach` is half of `local_attention`. */
export function bidirectionalWindow(reach: number): AttentionMask {
  return { before: reach, after: reach };
}

/** |i − j| < size: Gemma 3 with bidirectional attention, where `size` is `sliding_window` // 2 + 1. */
export function exclusiveBidirectionalWindow(size: number): AttentionMask {
  return bidirectionalWindow(size - 1);
}

/** i − size < j ≤ i, so that a token sees `size` tokens with itself: the sliding windows of Mistral, Qwen and Gemma. */
export function causalWindow(size: number): AttentionMask {
  return { before: size - 1, after: 0 };
}
