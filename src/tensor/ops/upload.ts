import { ShapeError } from "../../errors.ts";
import type { Backend } from "../backend.ts";
import { allocate } from "../scope.ts";
import type { Tensor } from "../tensor.ts";

/** Copies a float32 tensor from host memory into a backend's. */
export function upload(backend: Backend, tensor: Tensor): Tensor {
  const { data } = tensor;
  if (!(data instanceof Float32Array)) {
    throw new ShapeError(`upload: expected float32, got ${tensor.dtype}`, { code: "unsupported-dtype" });
  }
  const out = allocate(backend, tensor.shape);
  backend.write(out.storage, data, 0);
  return out;
}
