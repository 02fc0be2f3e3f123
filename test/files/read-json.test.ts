import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FileError, FormatError } from "../../src/errors.ts";
import { JsonCursor } from "../../src/files/json-cursor.ts";
import { readJson } from "../../src/files/read-json.ts";
import { memory, utf8 } from "../checkpoint/support.ts";

test("a JSON file is read, with or without a byte order mark", async () => {
  assert.deepEqual(await readJson(memory({ "a.json": '{"a": [1, null]}' }), "a.json"), { a: [1, null] });
  assert.deepEqual(await readJson(memory({ "a.json": '\ufeff{"a": 1}' }), "a.json"), { a: 1 });
});

test("a JSON file in shared memory is read", async () => {
  const text = utf8('{"é": 1}');
  const shared = new Uint8Array(new SharedArrayBuffer(text.length));
  shared.set(text);
  assert.deepEqual(await readJson(memory({ "a.json": shared }), "a.json"), { é: 1 });
});

test("what is not JSON is refused with its place", async () => {
  const cases: [string, RegExp][] = [
    [
      "",
      /^FormatError: memory\/a\.json: not JSON as expected at line 1, column 1: expected a JSON value, found the end$/,
    ],
    ['{\n  "a": 1,\n}', /line 3, column 1: expected a string, found "}"/],
    ['{"a": nul}', /line 1, column 7: expected a JSON value, found "nul}"/],
    ['{"a" 1}', /column 6: expected ":", found "1}"/],
    ["[1 2]", /column 4: expected "," or "\]", found "2\]"/],
    ['{"a": 1} x', /column 10: expected the end, found "x"/],
    ['["a\nb"]', /line 1, column 4: expected the string's end/],
    ['["a', /expected the string's end or a character of it, found the end/],
    ['["\\x"]', /column 2: this string has an invalid escape/],
    ["[01]", /column 3: expected "," or "\]", found "1\]"/],
    ["[NaN]", /column 2: expected a JSON value, found "NaN\]"/],
    ["<!doctype html>", /column 1: expected a JSON value, found "<!doctype html>"/],
  ];
  for (const [text, message] of cases) {
    await assert.rejects(readJson(memory({ "a.json": text }), "a.json"), message, text);
  }
});

test("text that is not UTF-8 is refused", async () => {
  const source = memory({ "a.json": Uint8Array.of(0x22, 0xff, 0x22) });
  await assert.rejects(readJson(source, "a.json"), /^FormatError: memory\/a\.json: the text is not UTF-8$/);
});

test("a missing file is a FileError with its name", async () => {
  await assert.rejects(readJson(memory({}), "a.json"), (error) => {
    assert.ok(error instanceof FileError);
    assert.equal(error.file, "memory/a.json");
    return true;
  });
});

test("deep nesting is an error of its own, not an overflow of the stack", () => {
  const cursor = new JsonCursor(`${"[".repeat(100_000)}`, "deep");
  assert.throws(() => cursor.skipValue(), /^FormatError: deep: .*nested deeper than 128 levels$/);
});

test("the cursor takes what JSON.parse takes, and refuses what it refuses", () => {
  const accepts = (text: string): boolean => {
    try {
      const cursor = new JsonCursor(text, "text");
      cursor.skipValue();
      cursor.end();
      return true;
    } catch (error) {
      assert.ok(error instanceof FormatError);
      return false;
    }
  };
  const parses = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.ok(accepts(text));
    }),
  );
  const changed = fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 2 }), fc.nat(2));
  fc.assert(
    fc.property(changed, ([text, position, inserted, removed]) => {
      const at = position % (text.length + 1);
      const edited = text.slice(0, at) + inserted + text.slice(at + removed);
      assert.equal(accepts(edited), parses(edited), edited);
    }),
    { numRuns: 2000 },
  );
});

test("the cursor gives strings as JSON.parse does", () => {
  const units = fc.array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff)));
  fc.assert(
    fc.property(units, (codes) => {
      const text = String.fromCharCode(...codes);
      assert.equal(new JsonCursor(JSON.stringify(text), "text").readString(), text);
      const escaped = JSON.stringify(text).replace(/[^\u0020-\u007e]/g, (unit) => {
        return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
      });
      assert.equal(new JsonCursor(escaped, "text").readString(), text);
    }),
  );
});

test("a key that appears twice is refused, escaped or not", () => {
  const cursor = new JsonCursor('{"a": 1,\n "\\u0061": 2}', "text");
  assert.throws(
    () => cursor.readObject(() => cursor.skipValue()),
    /line 2, column 2: the key "a" appears twice/,
  );
});
