import type { Tensor, Tensor2D } from "../tensor/tensor.ts";
import { paddedTokens, poolRows } from "./padded.ts";

/**
 * The largest value of each dimension over a text's tokens, without padding; −Infinity for a text without tokens.
 * lastHiddenState: [batch, length, width]; attentionMask: [batch, length]; result: [batch, width].
 */
export function maxPooling(lastHiddenState: Tensor, attentionMask: Tensor): Tensor2D {
  const tokens = paddedTokens("maxPooling", lastHiddenState, attentionMask);
  const { length, width, hidden, mask } = tokens;
  return poolRows(tokens, (row, index) => {
    row.fill(Number.NEGATIVE_INFINITY);
    for (let token = index * length; token < (index + 1) * length; token++) {
      if (mask[token] === 0) continue;
      for (let i = 0; i < width; i++) row[i] = Math.max(row[i]!, hidden[token * width + i]!);
    }
  });
}
