import { ShapeError } from "../../errors.ts";
import type { Backend } from "../backend.ts";
import { allocate } from "../scope.ts";
import type { Tensor } from "../tensor.ts";

/** Copies a float32 tensor from host memory into a backend's. */
export function upload(backend: Backend, tensor: Tensor): Tensor {
  if (tensor.dtype !== "float32") {
    throw new ShapeError(`upload: expected float32, got ${tensor.dtype}`, { code: "unsupported-dtype" });
  }
  const out = allocate(backend, tensor.shape);
  backend.write(out.storage, tensor.data as Float32Array, 0);
  return out;
}
