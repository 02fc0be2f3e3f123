import { ShapeError } from "../../errors.ts";
import type { ActivationName } from "../kernel-table.ts";
import { allocate } from "../scope.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { commonBackend, expectShape, matrixShape } from "./check.ts";

/** activation(gate) · up, element by element (arXiv 2002.05202). gate, up: [rows, width]. */
export function gatedProduct(gate: Tensor, up: Tensor, activation: ActivationName): Tensor {
  const [rows, width] = matrixShape("gatedProduct", "gate", gate);
  expectShape("gatedProduct", "up", up, gate.shape);

  const backend = commonBackend("gatedProduct", gate, up);
  const out = allocate(backend, gate.shape);
  const dims = { rows, width, activation, stride: width, gateColumn: 0, upColumn: 0 };
  backend.kernels.gatedProduct({ out: out.storage, gate: gate.storage, up: up.storage }, dims);
  return out;
}

/** Which half of each row is the gate: models do not agree, and the wrong one gives plausible numbers. */
export type GateHalf = "first" | "second";

/** The same for gates and factors side by side. x: [rows, 2 · width]; result: [rows, width]. */
export function gatedHalves(x: Tensor, activation: ActivationName, gateHalf: GateHalf): Tensor {
  const [rows, stride] = matrixShape("gatedHalves", "input", x);
  const width = stride / 2;
  if (!Number.isInteger(width)) {
    throw new ShapeError(`gatedHalves: expected rows of two halves, got ${formatShape(x.shape)}`, {
      subject: "input",
    });
  }

  const backend = commonBackend("gatedHalves", x);
  const out = allocate(backend, [rows, width]);
  const [gateColumn, upColumn] = gateHalf === "first" ? [0, width] : [width, 0];
  const dims = { rows, width, activation, stride, gateColumn, upColumn };
  backend.kernels.gatedProduct({ out: out.storage, gate: x.storage, up: x.storage }, dims);
  return out;
}
