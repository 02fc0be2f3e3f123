import { ShapeError } from "../../errors.ts";
import type { PoolingReduction } from "../backend.ts";
import { allocate } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { checkOffsets, commonBackend, matrixShape } from "./check.ts";

/**
 * Reduces each sequence of a packed batch to one row for each reduction, side by side in the order given.
 * x: [tokens, width]; `offsets`: [sequences + 1]; result: [sequences, reductions · width].
 * The first `skip` rows of each sequence do not count.
 */
export function pool(
  x: Tensor,
  offsets: Int32Array,
  reductions: readonly PoolingReduction[],
  skip = 0,
): Tensor {
  const [tokens, width] = matrixShape("pool", "input", x);
  checkOffsets("pool", offsets, tokens);
  const starts = offsets.subarray(0, -1);
  const ends = offsets.subarray(1);
  const empty = starts.findIndex((start, i) => start === ends[i]);
  if (empty !== -1 && reductions.some((reduction) => reduction === "first" || reduction === "last")) {
    throw new ShapeError(`pool: expected at least one token in each sequence, got none in sequence ${empty}`);
  }

  const backend = commonBackend("pool", x);
  const outStride = reductions.length * width;
  const out = allocate(backend, [starts.length, outStride]);
  for (const [i, reduction] of reductions.entries()) {
    backend.kernels.pool(
      { out: out.storage, x: x.storage, starts, ends },
      { reduction, skip, width, outStride, outColumn: i * width },
    );
  }
  return out;
}
