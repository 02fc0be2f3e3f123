/**
 * Pooling of padded batches outside of a SentenceTransformer, as the documentation's "Sentence Embeddings
 * with Transformers" writes it: tensors in host memory, sums in f64.
 */

import { ArgumentError, ShapeError } from "../errors.ts";
import { describe } from "../runtime/check-arguments.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor, type Tensor2D } from "../tensor/tensor.ts";

export interface PaddedTokens {
  readonly batch: number;
  readonly length: number;
  readonly width: number;
  /** [batch, length, width] */
  readonly hidden: Tensor["data"];
  /** [batch, length] */
  readonly mask: Tensor["data"];
}

/** @throws ArgumentError for what is no tensor. @throws ShapeError unless the states are [batch, length, width] and the mask is [batch, length]. */
export function paddedTokens(
  operation: string,
  lastHiddenState: Tensor,
  attentionMask: Tensor,
): PaddedTokens {
  for (const tensor of [lastHiddenState, attentionMask] as readonly unknown[]) {
    if (tensor instanceof Tensor) continue;
    throw new ArgumentError(
      `${operation}: expected the states and the attention mask as tensors, got ${describe(tensor)}`,
    );
  }
  const [batch, length, width] = lastHiddenState.shape;
  if (
    batch === undefined ||
    length === undefined ||
    width === undefined ||
    lastHiddenState.shape.length !== 3
  ) {
    throw new ShapeError(
      `${operation}: expected states [batch, length, width], got ${formatShape(lastHiddenState.shape)}`,
    );
  }
  if (!sameShape(attentionMask.shape, [batch, length])) {
    throw new ShapeError(
      `${operation}: expected an attention mask that fits states ${formatShape(lastHiddenState.shape)}, got ${formatShape(attentionMask.shape)}`,
    );
  }
  return { batch, length, width, hidden: lastHiddenState.data, mask: attentionMask.data };
}

/** A matrix [batch, width] whose rows `fillRow` computes into an f64 row. */
export function poolRows(
  { batch, width }: PaddedTokens,
  fillRow: (row: Float64Array, index: number) => void,
): Tensor2D {
  const out = new Float32Array(batch * width);
  const row = new Float64Array(width);
  for (let i = 0; i < batch; i++) {
    fillRow(row, i);
    out.set(row, i * width);
  }
  return Tensor.from(out, [batch, width]);
}
