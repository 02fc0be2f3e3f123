import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { FIRST_HASH, nextHash, TokenTable } from "../../../src/tokenizer/fast/token-table.ts";
import { anyText } from "../../helpers/text.ts";

const unitsOf = (text: string) => Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));

const hashOf = (text: string) => unitsOf(text).reduce((hash, unit) => nextHash(hash, unit), FIRST_HASH);

/** Two texts of two units with the same hash: what the first units leave in the upper bits must be equal. */
function collision(): readonly [string, string] {
  const seen = new Map<number, number>();
  for (let first = 0; first < 0x10000; first++) {
    const hash = nextHash(FIRST_HASH, first);
    const other = seen.get(hash >>> 16);
    if (other !== undefined) {
      const otherHash = nextHash(FIRST_HASH, other);
      return [String.fromCharCode(other, 0), String.fromCharCode(first, (hash ^ otherHash) & 0xffff)];
    }
    seen.set(hash >>> 16, first);
  }
  throw new Error("there is no collision among two units");
}

function find(table: TokenTable, text: string): number {
  return table.find(unitsOf(text), 0, text.length, hashOf(text));
}

function findPrefixed(table: TokenTable, prefix: string, text: string): number {
  const around = unitsOf(`x${text}y`);
  return table.findPrefixed(unitsOf(prefix), around, 1, 1 + text.length, hashOf(prefix + text));
}

test("a table finds what a Map finds, whole and with a prefix apart, and the last of equal strings", () => {
  const few = fc.string({ unit: fc.constantFrom("a", "b", "#", "\ud800"), maxLength: 4 });
  const strings = fc.array(fc.oneof(few, anyText({ maxLength: 4 })), { maxLength: 60 });
  fc.assert(
    fc.property(strings, fc.array(few), (kept, asked) => {
      const expected = new Map(kept.map((string, i) => [string, 3 * i]));
      const table = new TokenTable(
        kept,
        kept.map((_, i) => 3 * i),
      );
      assert.equal(table.size, expected.size);
      assert.equal(table.longest, Math.max(0, ...kept.map(({ length }) => length)));
      for (const string of [...kept, ...asked]) {
        const value = expected.get(string) ?? -1;
        assert.equal(table.get(string), value);
        assert.equal(find(table, string), value);
        for (let cut = 0; cut <= string.length; cut++) {
          assert.equal(findPrefixed(table, string.slice(0, cut), string.slice(cut)), value);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test("strings of the same hash are told apart, also where they differ in the prefix alone", () => {
  const [one, other] = collision();
  assert.notEqual(one, other);
  assert.equal(hashOf(one), hashOf(other));
  const table = new TokenTable([one, `${one}s`, "s"], [0, 1, 2]);
  assert.deepEqual([find(table, one), find(table, other), table.get(other)], [0, -1, -1]);
  assert.deepEqual([findPrefixed(table, one, "s"), findPrefixed(table, other, "s")], [1, -1]);
  assert.deepEqual([findPrefixed(table, one, ""), findPrefixed(table, other, "")], [0, -1]);
});

test("the bits of prefixes say of every prefix that it is one, and where a string ends", () => {
  const strings = ["the", "then", "\ud83d\ude00", "", "##ing"];
  const bits = new TokenTable(
    strings,
    strings.map((_, i) => i),
  ).prefixBits(64);
  const marks = (text: string) => {
    const hash = hashOf(text);
    const pair = (hash ^ (hash >>> 15)) & (bits.length * 16 - 1);
    return (bits[pair >>> 4]! >>> ((pair & 15) * 2)) & 3;
  };
  assert.deepEqual(["t", "th", "##i", "\ud83d"].map(marks), [1, 1, 1, 1]);
  assert.deepEqual(["the", "then", "##ing", "\ud83d\ude00"].map(marks), [3, 3, 3, 3]);
  assert.deepEqual(["h", "thx", "ing"].map(marks), [0, 0, 0]);
});
