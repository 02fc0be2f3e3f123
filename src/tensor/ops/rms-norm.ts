import { ShapeError } from "../../errors.ts";
import { allocate } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { commonBackend, expectShape } from "./check.ts";

/** x / √(mean(x²) + eps) · weight over the last axis. x: [..., width]; weight: [width]. */
export function rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
  const width = x.shape.at(-1);
  if (width === undefined || width === 0)
    throw new ShapeError("rmsNorm: expected an input with at least one axis, got none");
  expectShape("rmsNorm", "weight", weight, [width]);

  const backend = commonBackend("rmsNorm", x, weight);
  const out = allocate(backend, x.shape);
  backend.kernels.rmsNorm(
    { out: out.storage, x: x.storage, weight: weight.storage },
    { rows: x.elementCount / width, width, eps },
  );
  return out;
}
