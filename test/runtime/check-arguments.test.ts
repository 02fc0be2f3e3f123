import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { describe } from "../../src/runtime/check-arguments.ts";

test("the kind of any value is put in words", () => {
  for (const [value, words] of [
    [undefined, "undefined"],
    [null, "null"],
    ["text", "string"],
    [3, "number"],
    [3n, "bigint"],
    [() => {}, "function"],
    [[1], "an array"],
    [{}, "an object"],
    [Object.create(null), "an object"],
    [{ constructor: "text" }, "an object"],
    [{ constructor: { name: 3 } }, "an object"],
    [new (class {})(), "an object"],
    [new Map(), "Map"],
    [Int32Array.of(1), "Int32Array"],
    [Promise.resolve(), "Promise"],
    [runInNewContext("[1]"), "an array"],
    [runInNewContext("({})"), "an object"],
  ] as const) {
    assert.equal(describe(value), words);
  }
});
