import type { ActivationName } from "../backend.ts";
import { allocate } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { commonBackend, expectShape } from "./check.ts";

/** The activation of every element. */
export function activation(x: Tensor, name: ActivationName): Tensor {
  const backend = commonBackend(name, x);
  const out = allocate(backend, x.shape);
  backend.kernels.activation(
    { out: out.storage, x: x.storage },
    { activation: name, length: x.elementCount },
  );
  return out;
}

/** a + b, element by element, for tensors of one shape. */
export function add(a: Tensor, b: Tensor): Tensor {
  expectShape("add", "second input", b, a.shape);
  const backend = commonBackend("add", a, b);
  const out = allocate(backend, a.shape);
  backend.kernels.add({ out: out.storage, a: a.storage, b: b.storage }, { length: a.elementCount });
  return out;
}
