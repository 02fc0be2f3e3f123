import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AttentionMask,
  bidirectional,
  bidirectionalWindow,
  causal,
  causalWindow,
  exclusiveBidirectionalWindow,
} from "../../src/tensor/attention-mask.ts";

/** Query i, key j. */
const kinds: readonly (readonly [string, AttentionMask, (i: number, j: number) => boolean])[] = [
  ["bidirectional", bidirectional, () => true],
  ["causal", causal, (i, j) => j <= i],
  ...[0, 1, 2, 5].flatMap((w) => [
    [`|i − j| ≤ ${w}`, bidirectionalWindow(w), (i: number, j: number) => Math.abs(i - j) <= w] as const,
  ]),
  ...[1, 2, 5].flatMap((w) => [
    [`i − ${w} < j ≤ i`, causalWindow(w), (i: number, j: number) => i - w < j && j <= i] as const,
    [
      `|i − j| < ${w}`,
      exclusiveBidirectionalWindow(w),
      (i: number, j: number) => Math.abs(i - j) < w,
    ] as const,
  ]),
];

for (const [name, { before, after }, sees] of kinds) {
  test(`a mask is what its pattern says: ${name}`, () => {
    for (let i = 0; i < 12; i++) {
      for (let j = 0; j < 12; j++) assert.equal(j >= i - before && j <= i + after, sees(i, j), `${i}, ${j}`);
    }
  });
}
