import { ShapeError } from "../../errors.ts";
import { allocate } from "../scope.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { commonBackend, expectShape, matrixShape } from "./check.ts";

/** Cosines and sines of the angles by which positions turn a head: each [positions, headDim / 2]. */
export interface RotaryAngles {
  readonly cosines: Tensor;
  readonly sines: Tensor;
}

/**
 * Rotary position embedding (arXiv 2104.09864) of every head, by halves: a | b becomes a · cos − b · sin |
 * b · cos + a · sin. x: [tokens, heads · headDim], of queries or keys; `positions`: [tokens], in their sequences.
 */
export function rotary(x: Tensor, { cosines, sines }: RotaryAngles, positions: Int32Array): Tensor {
  const [tokens, width] = matrixShape("rotary", "input", x);
  const [count, half] = matrixShape("rotary", "cosines", cosines);
  expectShape("rotary", "sines", sines, cosines.shape);
  const headDim = 2 * half;
  if (headDim === 0 || width % headDim !== 0) {
    throw new ShapeError(
      `rotary: expected the width of ${formatShape(x.shape)} to be a multiple of ${headDim}, twice that of the angles ${formatShape(cosines.shape)}`,
      { subject: "cosines" },
    );
  }
  if (positions.length !== tokens) {
    throw new ShapeError(`rotary: expected ${tokens} positions, got ${positions.length}`, {
      subject: "positions",
    });
  }
  for (const position of positions) {
    if (position < 0 || position >= count) {
      throw new ShapeError(`rotary: expected a position below ${count}, got ${position}`, {
        code: "index-out-of-range",
        subject: "positions",
      });
    }
  }

  const backend = commonBackend("rotary", x, cosines, sines);
  const out = allocate(backend, x.shape);
  backend.kernels.rotary(
    { out: out.storage, x: x.storage, cosines: cosines.storage, sines: sines.storage, positions },
    { rows: tokens, heads: width / headDim, headDim },
  );
  return out;
}
