import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Heap } from "../../src/similarity/heap.ts";

test("items leave a heap in order, whatever the order they came in", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (values) => {
      const heap = new Heap<number>((a, b) => a < b);
      for (const value of values) heap.push(value);
      assert.deepEqual([...heap.items].sort(), [...values].sort());
      const left = values.map(() => heap.pop());
      assert.deepEqual(
        left,
        [...values].sort((a, b) => a - b),
      );
      assert.equal(heap.pop(), undefined);
    }),
  );
});

test("a heap that only takes what is higher than its top keeps the highest", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), fc.integer({ min: 1, max: 8 }), (values, kept) => {
      const heap = new Heap<number>((a, b) => a < b);
      for (const value of values) {
        if (heap.size < kept) heap.push(value);
        else if (value > heap.top!) heap.replaceTop(value);
      }
      const highest = [...values].sort((a, b) => b - a).slice(0, kept);
      assert.deepEqual(
        [...heap.items].sort((a, b) => b - a),
        highest,
      );
    }),
  );
});
