import type { Tensor, Tensor2D } from "../tensor/tensor.ts";
import { paddedTokens, poolRows } from "./padded.ts";

/**
 * The mean of each text's token vectors, without padding: their sum divided by their number (at least 1e-9).
 * lastHiddenState: [batch, length, width]; attentionMask: [batch, length]; result: [batch, width].
 */
export function meanPooling(lastHiddenState: Tensor, attentionMask: Tensor): Tensor2D {
  const tokens = paddedTokens("meanPooling", lastHiddenState, attentionMask);
  const { length, width, hidden, mask } = tokens;
  return poolRows(tokens, (row, index) => {
    row.fill(0);
    let count = 0;
    for (let token = index * length; token < (index + 1) * length; token++) {
      const weight = mask[token]!;
      if (weight === 0) continue;
      count += weight;
      for (let i = 0; i < width; i++) row[i]! += hidden[token * width + i]! * weight;
    }
    const divisor = Math.max(count, 1e-9);
    for (let i = 0; i < width; i++) row[i]! /= divisor;
  });
}
