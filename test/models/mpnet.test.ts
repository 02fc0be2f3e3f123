import assert from "node:assert/strict";
import { test } from "node:test";
import { relativePositionBucket } from "../../src/models/mpnet.ts";

test("float32 and float64 logarithms put every distance into the same bucket", () => {
  const { fround, log } = Math;
  for (let distance = 8; distance <= 1024; distance++) {
    // As torch computes it: log(n.float() / 8) / math.log(16) * 8, each step rounded to float32.
    const logarithmic = fround(fround(fround(log(fround(distance / 8))) / fround(log(16))) * 8);
    const expected = Math.min(8 + Math.trunc(logarithmic), 15);
    assert.equal(relativePositionBucket(-distance), expected, `distance ${distance}`);
    assert.equal(relativePositionBucket(distance), 16 + expected, `distance ${distance}`);
  }
});

test("short distances have a bucket each, and the far end shares one", () => {
  assert.deepEqual([-7, -1, 0, 1, 7].map(relativePositionBucket), [7, 1, 0, 17, 23]);
  assert.equal(relativePositionBucket(128), relativePositionBucket(10_000));
  assert.notEqual(relativePositionBucket(8), relativePositionBucket(16));
});
