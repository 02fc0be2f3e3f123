import assert from "node:assert/strict";
import fc from "fast-check";
import type { Tokenizer } from "../../src/tokenizer/tokenizer.ts";

/** Asserts that `encodeIdsWithin` gives of pairs what `encode` gives. */
export function assertPairs(tokenizer: Tokenizer, text: fc.Arbitrary<string>, numRuns: number): void {
  let truncations = 0;
  fc.assert(
    fc.property(
      ...[text, text, fc.integer({ min: 4, max: 30 }), fc.boolean(), fc.boolean(), fc.boolean()],
      (first, second, maxLength, left, addSpecialTokens, givesTypes) => {
        const sided = tokenizer.withSettings({
          truncationSide: left ? "left" : "right",
          modelInputNames: ["input_ids", ...(givesTypes ? ["token_type_ids"] : [])],
        });
        const whole = sided.encode(first, { pair: second, addSpecialTokens });
        const limited = sided.encode(first, { pair: second, addSpecialTokens, truncation: true, maxLength });
        for (const [limit, expected] of [
          [maxLength, limited],
          [Number.POSITIVE_INFINITY, whole],
        ] as const) {
          const found = sided.encodeIdsWithin([first, second], limit, addSpecialTokens);
          assert.deepEqual(Array.from(found.ids), expected.inputIds);
          const types = givesTypes ? expected.tokenTypeIds : expected.tokenTypeIds.map(() => 0);
          assert.deepEqual(Array.from(found.tokenTypeIds ?? new Int32Array(found.ids.length)), types);
          assert.equal(found.truncated, whole.length > limit);
          if (found.truncated) truncations++;
        }
      },
    ),
    { numRuns },
  );
  assert.ok(truncations > numRuns / 10, `${truncations} pairs were truncated`);
}
