import { ShapeError } from "../../errors.ts";
import { allocate } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { commonBackend } from "./check.ts";

/** Divides each vector of the last axis by its length (at least 1e-12, as torch's `normalize`). */
export function normalizeRows(x: Tensor): Tensor {
  const width = x.shape.at(-1);
  if (width === undefined || width === 0)
    throw new ShapeError("normalizeRows: expected an input with at least one axis, got none");
  const backend = commonBackend("normalizeRows", x);
  const out = allocate(backend, x.shape);
  backend.kernels.normalizeRows({ out: out.storage, x: x.storage }, { rows: x.elementCount / width, width });
  return out;
}
