import type { ActivationName } from "../tensor/backend.ts";
import { type GateHalf, gatedHalves, gatedProduct } from "../tensor/ops/gated-product.ts";
import type { LinearOptions } from "../tensor/ops/linear.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Linear } from "./linear.ts";

/** Gate and factor as checkpoints have them: two matrices, or one that has the rows of both. */
export type GatedInput =
  | { readonly gate: Linear; readonly up: Linear }
  | { readonly both: Linear; readonly gateHalf: GateHalf };

/** down(activation(gate(x)) · up(x)), the feed-forward layer of arXiv 2002.05202. The layers keep their checkpoint's names. */
export class GatedFeedForward {
  readonly input: GatedInput;
  readonly down: Linear;
  readonly activation: ActivationName;

  constructor(input: GatedInput, down: Linear, activation: ActivationName) {
    this.input = input;
    this.down = down;
    this.activation = activation;
  }

  /** x, result: [tokens, hidden] */
  forward(x: Tensor, options?: LinearOptions): Tensor {
    const { input, activation } = this;
    const gated =
      "both" in input
        ? gatedHalves(input.both.forward(x), activation, input.gateHalf)
        : gatedProduct(input.gate.forward(x), input.up.forward(x), activation); // [tokens, intermediate]
    return this.down.forward(gated, options);
  }
}
