/** What every op asks of its inputs before it allocates. */
import { ShapeError } from "../../errors.ts";
import type { Backend } from "../backend.ts";
import { formatShape, type Shape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** The backend that all inputs share. @throws ShapeError where one is in host memory or elsewhere. */
export function commonBackend(operation: string, ...inputs: readonly (Tensor | null)[]): Backend {
  let backend: Backend | null = null;
  for (const input of inputs) {
    if (input === null) continue;
    if (input.backend === null) {
      throw new ShapeError(
        `${operation}: expected input ${formatShape(input.shape)} on a backend, got one in host memory`,
        { code: "tensor-on-host" },
      );
    }
    if (backend !== null && backend !== input.backend) {
      throw new ShapeError(
        `${operation}: expected inputs of one backend, got ${backend.name} and ${input.backend.name}`,
        { code: "backend-mismatch" },
      );
    }
    backend = input.backend;
  }
  if (backend === null) throw new ShapeError(`${operation}: expected at least one input, got none`);
  return backend;
}

export function expectShape(operation: string, what: string, tensor: Tensor, shape: Shape): void {
  if (!sameShape(tensor.shape, shape)) {
    throw new ShapeError(
      `${operation}: expected ${what} of shape ${formatShape(shape)}, got ${formatShape(tensor.shape)}`,
      { subject: what },
    );
  }
}

/** [rows, width] of a matrix. @throws ShapeError for any other number of axes. */
export function matrixShape(operation: string, what: string, tensor: Tensor): [number, number] {
  const [rows, width] = tensor.shape;
  if (rows === undefined || width === undefined || tensor.shape.length !== 2) {
    throw new ShapeError(
      `${operation}: expected ${what} to be a matrix [rows, width], got ${formatShape(tensor.shape)}`,
      { subject: what },
    );
  }
  return [rows, width];
}

/** @throws ShapeError where boundaries do not cut `rows` rows into sequences, in order and without gaps. */
export function checkOffsets(operation: string, offsets: Int32Array, rows: number): void {
  let previous = 0;
  if (offsets.length === 0 || offsets[0] !== 0) {
    throw new ShapeError(
      `${operation}: expected sequence offsets to begin with 0, got ${offsets[0] ?? "none"}`,
      { code: "invalid-offsets" },
    );
  }
  for (const offset of offsets) {
    if (offset < previous) {
      throw new ShapeError(
        `${operation}: expected ascending sequence offsets, got ${offset} after ${previous}`,
        { code: "invalid-offsets" },
      );
    }
    previous = offset;
  }
  if (previous !== rows) {
    throw new ShapeError(
      `${operation}: expected sequence offsets to end at ${rows}, the rows of the batch, got ${previous}`,
      { code: "invalid-offsets" },
    );
  }
}
