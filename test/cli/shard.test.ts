import assert from "node:assert/strict";
import { test } from "node:test";
import { parseShard, shardRange } from "../../src/cli/shard.ts";
import { UsageError } from "../../src/cli/usage-error.ts";

test("shards follow each other without a gap, and differ by at most one text", () => {
  for (const total of [0, 1, 2, 9, 10, 11, 1000]) {
    for (const count of [1, 2, 3, 7, 20]) {
      const ranges = Array.from({ length: count }, (_, i) => shardRange({ index: i + 1, count }, total));
      assert.equal(ranges[0]!.start, 0);
      assert.equal(ranges.at(-1)!.end, total);
      for (const [i, { start }] of ranges.entries()) assert.equal(start, ranges[i - 1]?.end ?? 0);
      const sizes = ranges.map(({ start, end }) => end - start);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
    }
  }
});

test("a shard is I/N with I from 1 to N", () => {
  assert.deepEqual(parseShard("2/4"), { index: 2, count: 4 });
  assert.equal(parseShard(undefined), undefined);
  for (const wrong of ["0/4", "5/4", "2", "2/", "/4", "a/b", "1/0", "-1/2", "1/2/3", "01/2"]) {
    assert.throws(() => parseShard(wrong), UsageError, wrong);
  }
});
