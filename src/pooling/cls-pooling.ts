import type { Tensor, Tensor2D } from "../tensor/tensor.ts";
import { paddedTokens, poolRows } from "./padded.ts";

/**
 * The vector of each text's first token, which is the first column unless padding stands on the left.
 * lastHiddenState: [batch, length, width]; attentionMask: [batch, length]; result: [batch, width].
 */
export function clsPooling(lastHiddenState: Tensor, attentionMask: Tensor): Tensor2D {
  const tokens = paddedTokens("clsPooling", lastHiddenState, attentionMask);
  const { length, width, hidden, mask } = tokens;
  return poolRows(tokens, (row, index) => {
    const first = mask.subarray(index * length, (index + 1) * length).findIndex((value) => value !== 0);
    const start = (index * length + Math.max(first, 0)) * width;
    row.set(hidden.subarray(start, start + width));
  });
}
