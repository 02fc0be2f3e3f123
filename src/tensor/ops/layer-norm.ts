import { ShapeError } from "../../errors.ts";
import { allocate } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { commonBackend, expectShape } from "./check.ts";

/** Layer normalization over the last axis. x: [..., width]; weight, bias: [width]. */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
  const width = x.shape.at(-1);
  if (width === undefined || width === 0)
    throw new ShapeError("layerNorm: expected an input with at least one axis, got none");
  expectShape("layerNorm", "weight", weight, [width]);
  expectShape("layerNorm", "bias", bias, [width]);

  const backend = commonBackend("layerNorm", x, weight, bias);
  const out = allocate(backend, x.shape);
  backend.kernels.layerNorm(
    { out: out.storage, x: x.storage, weight: weight.storage, bias: bias.storage },
    { rows: x.elementCount / width, width, eps },
  );
  return out;
}
