import assert from "node:assert/strict";
import test from "node:test";
import { median, medianOfRounds, pairwiseRatios } from "../../../bench/peers/statistics.ts";

test("the median of an even count lies between the two in the middle", () => {
  assert.equal(median([10, 1, 2, 3]), 2.5);
  assert.equal(median([9, 1, 2]), 2);
});

test("ratios pair what was measured in the same round, and only that", () => {
  // A machine that slows down by ten in the second round changes no ratio.
  assert.deepEqual(pairwiseRatios([2, 20, 3, 8], [1, 10, undefined, 2]), { median: 2, least: 2, most: 4 });
  assert.equal(pairwiseRatios([1, undefined], [undefined, 1]), null);
});

test("rounds that were not measured do not count", () => {
  const rounds: (number | undefined)[] = [];
  rounds[2] = 5; // as a system that misses two rounds leaves it
  assert.equal(medianOfRounds(rounds), 5);
  assert.equal(medianOfRounds([]), null);
  assert.deepEqual(pairwiseRatios(rounds, [1, 1, 2]), { median: 2.5, least: 2.5, most: 2.5 });
});
