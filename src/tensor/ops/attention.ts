import { ShapeError } from "../../errors.ts";
import { type AttentionMask, bidirectional } from "../attention-mask.ts";
import { allocate } from "../scope.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkOffsets, commonBackend, expectShape, matrixShape } from "./check.ts";

export interface AttentionOptions {
  readonly heads: number;
  /** Of keys and values, each of which serves as many query heads one after the other; as many as `heads` without. */
  readonly kvHeads?: number;
  /** Which tokens a token sees; all of its sequence without. */
  readonly mask?: AttentionMask;
  /** Multiplies the dot products of queries and keys. */
  readonly scale: number;
  /** [heads, 2 · span − 1]: what is added to a score for each distance key − query, from 1 − span to span − 1. */
  readonly relativeBias?: Tensor | null;
}

/**
 * Scaled dot-product attention (arXiv 1706.03762) inside each sequence of a packed batch.
 * query: [tokens, heads · headDim]; key, value: [tokens, kvHeads · headDim]; `offsets`: boundaries of the sequences,
 * [sequences + 1].
 */
export function attention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  offsets: Int32Array,
  { heads, kvHeads = heads, mask = bidirectional, scale, relativeBias = null }: AttentionOptions,
): Tensor {
  const [tokens, width] = matrixShape("attention", "query", query);
  if (!(Number.isInteger(heads) && heads > 0 && width % heads === 0)) {
    throw new ShapeError(
      `attention: expected a divisor of the width of ${formatShape(query.shape)} as heads, got ${heads}`,
      { subject: "heads" },
    );
  }
  if (!(Number.isInteger(kvHeads) && kvHeads > 0 && heads % kvHeads === 0)) {
    throw new ShapeError(`attention: expected a divisor of ${heads} heads as kvHeads, got ${kvHeads}`, {
      subject: "kvHeads",
    });
  }
  const headDim = width / heads;
  expectShape("attention", "key", key, [tokens, kvHeads * headDim]);
  expectShape("attention", "value", value, [tokens, kvHeads * headDim]);
  const [before, after] = [seen(mask.before, "before"), seen(mask.after, "after")];
  checkOffsets("attention", offsets, tokens);
  const span = relativeBias === null ? 0 : relativeSpan(relativeBias, heads, offsets);

  const backend = commonBackend("attention", query, key, value, relativeBias);
  const out = allocate(backend, query.shape);
  backend.kernels.attention(
    {
      out: out.storage,
      q: query.storage,
      k: key.storage,
      v: value.storage,
      offsets,
      relativeBias: relativeBias?.storage ?? null,
    },
    { heads, kvHeads, headDim, scale, span, before, after },
  );
  return out;
}

/** More tokens than a sequence has, and few enough for sums of i32. Of no batch: kernels may be compiled for a mask. */
const ALL = 2 ** 30;

/** One side of a mask as kernels take it. */
function seen(count: number, side: keyof AttentionMask): number {
  if (!((Number.isInteger(count) && count >= 0) || count === Infinity)) {
    throw new ShapeError(`attention: expected mask.${side} to be a whole number or Infinity, got ${count}`, {
      subject: `mask.${side}`,
    });
  }
  return Math.min(count, ALL);
}

function relativeSpan(relativeBias: Tensor, heads: number, offsets: Int32Array): number {
  const [rows, distances] = matrixShape("attention", "relativeBias", relativeBias);
  const span = (distances + 1) / 2;
  if (rows !== heads || !Number.isInteger(span)) {
    throw new ShapeError(
      `attention: expected relativeBias [${heads}, 2 · span − 1], got ${formatShape(relativeBias.shape)}`,
      { subject: "relativeBias" },
    );
  }
  for (let i = 1; i < offsets.length; i++) {
    const length = offsets[i]! - offsets[i - 1]!;
    if (length > span) {
      throw new ShapeError(
        `attention: expected relativeBias to span ${length} positions, as the longest sequence, got ${span}`,
        { subject: "relativeBias" },
      );
    }
  }
  return span;
}
