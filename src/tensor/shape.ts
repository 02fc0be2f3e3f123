/** Shapes and strides: plain arrays of whole numbers; strides count elements, not bytes. */
import { ShapeError } from "../errors.ts";

export type Shape = readonly number[];

/** `[2, 3]`, as error messages print it. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** @throws ShapeError where a dimension is not a whole number >= 0 or the product is not exact. */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) {
      throw new ShapeError(`shape ${formatShape(shape)}: expected whole numbers from 0 on`);
    }
    count *= dimension;
  }
  if (!Number.isSafeInteger(count)) {
    throw new ShapeError(`shape ${formatShape(shape)}: more than 2^53 elements`);
  }
  return count;
}

/** Strides of a row-major array without gaps. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Whether elements lie row by row without gaps. Axes of length 1 may have any stride. */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 0) return true;
    if (shape[axis] !== 1 && strides[axis] !== stride) return false;
    stride *= shape[axis]!;
  }
  return true;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}
