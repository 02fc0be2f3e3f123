/** A tensor as torch describes it: a view of a storage. All counts are in elements. */
export interface StridedView {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** How many elements lie between the first and the last one of a view, both included. */
export function spanOf({ shape, strides }: StridedView): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((span, size, axis) => span + (size - 1) * strides[axis]!, 1);
}

/** Whether the elements lie one after the other in row-major order. Axes of one element do not matter. */
export function isContiguous({ shape, strides }: StridedView): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!;
    if (size === 0) return true;
    if (size !== 1 && strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}

/**
 * The elements of a view in row-major order.
 *
 * @param span the storage's bytes from the view's first element to its last
 */
export function gather(view: StridedView, span: Uint8Array, byteSize: number): Uint8Array<ArrayBuffer> {
  const axes = view.shape
    .map((size, axis) => ({ size, stride: view.strides[axis]! * byteSize }))
    .filter(({ size }) => size !== 1);
  const elementCount = axes.reduce((count, { size }) => count * size, 1);
  const gathered = new Uint8Array(elementCount * byteSize);
  const inner = axes.pop() ?? { size: 1, stride: 0 };
  const position = axes.map(() => 0);
  let rowStart = 0;
  for (let out = 0; out < gathered.length; ) {
    for (let i = 0, from = rowStart; i < inner.size; i++, from += inner.stride) {
      for (let byte = 0; byte < byteSize; byte++) gathered[out++] = span[from + byte]!;
    }
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const { size, stride } = axes[axis]!;
      rowStart += stride;
      if (++position[axis]! < size) break;
      rowStart -= size * stride;
      position[axis] = 0;
    }
  }
  return gathered;
}
