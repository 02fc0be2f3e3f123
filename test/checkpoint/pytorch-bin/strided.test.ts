import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { gather, isContiguous, spanOf } from "../../../src/checkpoint/pytorch-bin/strided.ts";

const views = fc.array(fc.tuple(fc.nat(4), fc.nat(5)), { maxLength: 4 }).map((axes) => ({
  shape: axes.map(([size]) => size),
  strides: axes.map(([, stride]) => stride),
  offset: 0,
}));

/** Where each element lies, by the definition: the sum of index times stride. */
function positions(shape: readonly number[], strides: readonly number[]): number[] {
  const [size, ...rest] = shape;
  if (size === undefined) return [0];
  const inner = positions(rest, strides.slice(1));
  return Array.from({ length: size }, (_, i) => inner.map((position) => position + i * strides[0]!)).flat();
}

test("elements are gathered by the definition of strides", () => {
  fc.assert(
    fc.property(views, fc.constantFrom(1, 2, 4, 8), (view, byteSize) => {
      const expected = positions(view.shape, view.strides);
      const span = Uint8Array.from({ length: spanOf(view) * byteSize }, (_, i) => i * 7);
      assert.equal(spanOf(view), expected.length === 0 ? 0 : Math.max(...expected) + 1);
      const bytes = expected.flatMap((at) => [...span.subarray(at * byteSize, (at + 1) * byteSize)]);
      assert.deepEqual([...gather(view, span, byteSize)], bytes);
      if (isContiguous(view)) assert.deepEqual(bytes, [...span]);
    }),
    { numRuns: 500 },
  );
});

test("a view is contiguous exactly where its elements lie one after the other", () => {
  fc.assert(
    fc.property(views, (view) => {
      const inOrder = positions(view.shape, view.strides).every((position, i) => position === i);
      if (!view.shape.includes(0)) assert.equal(isContiguous(view), inOrder);
    }),
    { numRuns: 500 },
  );
  assert.ok(isContiguous({ shape: [2, 1, 3], strides: [3, 99, 1], offset: 0 }));
  assert.ok(!isContiguous({ shape: [2, 3], strides: [1, 2], offset: 0 }));
});
