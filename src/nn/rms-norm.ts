import { rmsNorm } from "../tensor/ops/rms-norm.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Weights } from "./weights.ts";

export interface RmsNormOptions {
  /** Added to the weights, once and for all when they are read: 1 in Gemma, whose files hold w of x · (1 + w). */
  readonly offset?: number;
}

/** Root mean square normalization (arXiv 1910.07467). Checkpoint name: `weight` [width]. */
export class RMSNorm {
  readonly weight: Tensor;
  readonly width: number;
  readonly eps: number;

  constructor(width: number, eps: number, weights: Weights, { offset = 0 }: RmsNormOptions = {}) {
    this.weight = weights.vector("weight", width, { offset });
    this.width = width;
    this.eps = eps;
  }

  /** Over the last axis of x [..., width]. */
  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight, this.eps);
  }

  /** Each head by itself. x: [tokens, heads · width]. */
  forwardHeads(x: Tensor): Tensor {
    const heads = x.reshape([x.elementCount / this.width, this.width]);
    return this.forward(heads).reshape(x.shape);
  }
}
