import { layerNorm } from "../tensor/ops/layer-norm.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Weights } from "./weights.ts";

/**
 * Layer normalization (arXiv 1607.06450). Checkpoint names: `weight` and `bias` [width], or as the first
 * BERT checkpoints call them, `gamma` and `beta`.
 */
export class LayerNorm {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly eps: number;

  constructor(width: number, eps: number, weights: Weights) {
    const legacy = !weights.has("weight") && weights.has("gamma");
    this.weight = weights.vector(legacy ? "gamma" : "weight", width);
    this.bias = weights.vector(legacy ? "beta" : "bias", width);
    this.eps = eps;
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, this.eps);
  }
}
