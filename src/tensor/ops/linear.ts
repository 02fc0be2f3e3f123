import { ShapeError } from "../../errors.ts";
import type { ActivationName, PackedMatrix } from "../backend.ts";
import { allocate } from "../scope.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { commonBackend, expectShape } from "./check.ts";

export interface LinearOptions {
  readonly activation?: ActivationName | null;
  /** [..., out], added last. */
  readonly residual?: Tensor | null;
}

/** activation(x · weightᵀ + bias) + residual over the last axis. x: [..., in], weight: [out, in], bias: [out]. */
export function linear(
  x: Tensor,
  weight: PackedMatrix,
  bias: Tensor | null,
  { activation = null, residual = null }: LinearOptions = {},
): Tensor {
  const { outFeatures, inFeatures } = weight;
  if (x.shape.at(-1) !== inFeatures) {
    throw new ShapeError(
      `linear: weight ${formatShape([outFeatures, inFeatures])} does not fit input ${formatShape(x.shape)}`,
    );
  }
  const shape = [...x.shape.slice(0, -1), outFeatures];
  if (bias !== null) expectShape("linear", "bias", bias, [outFeatures]);
  if (residual !== null) expectShape("linear", "residual", residual, shape);

  const backend = commonBackend("linear", x, bias, residual);
  const out = allocate(backend, shape);
  const rows = inFeatures === 0 ? out.elementCount / outFeatures : x.elementCount / inFeatures;
  backend.kernels.linear(
    {
      out: out.storage,
      x: x.storage,
      weight,
      bias: bias?.storage ?? null,
      residual: residual?.storage ?? null,
    },
    { rows, inFeatures, outFeatures, activation },
  );
  return out;
}
