import type { PackedMatrix } from "../tensor/backend.ts";
import { type LinearOptions, linear } from "../tensor/ops/linear.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Weights } from "./weights.ts";

/** y = x · Wᵀ + b. Checkpoint names: `weight` [out, in], `bias` [out]. */
export class Linear {
  readonly weight: PackedMatrix;
  readonly bias: Tensor | null;

  constructor(
    inFeatures: number,
    outFeatures: number,
    weights: Weights,
    { bias = true }: { readonly bias?: boolean } = {},
  ) {
    this.weight = weights.matrix("weight", outFeatures, inFeatures);
    this.bias = bias ? weights.vector("bias", outFeatures) : null;
  }

  forward(x: Tensor, options?: LinearOptions): Tensor {
    return linear(x, this.weight, this.bias, options);
  }
}
