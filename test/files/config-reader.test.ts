import assert from "node:assert/strict";
import { test } from "node:test";
import type { SentensorError } from "../../src/errors.ts";
import { ConfigReader } from "../../src/files/config-reader.ts";
import type { JsonObject } from "../../src/files/json-value.ts";
import { memory } from "../checkpoint/support.ts";

const file = "folder/settings.json";
const reader = (json: JsonObject) => new ConfigReader(json, file);

type Read = (reader: ConfigReader) => unknown;

test("an object or an array is what it must be", async () => {
  const source = memory({
    object: '{"a": 1}',
    array: '[{"a": 1}]',
    null: "null",
    number: "1",
    mixed: "[{}, 3]",
  });
  assert.deepEqual((await ConfigReader.read(source, "object")).json, { a: 1 });
  assert.deepEqual(
    (await ConfigReader.readEntries(source, "array")).map(({ json }) => json),
    [{ a: 1 }],
  );
  const wrong = { name: "FormatError", code: "invalid-value" };
  for (const path of ["array", "null", "number"]) {
    await assert.rejects(ConfigReader.read(source, path), { ...wrong, file: `memory/${path}` });
  }
  for (const path of ["object", "number", "mixed"]) {
    await assert.rejects(ConfigReader.readEntries(source, path), { ...wrong, file: `memory/${path}` });
  }
  await assert.rejects(ConfigReader.read(source, "array"), /: expected an object, found an array of 1$/);
  await assert.rejects(ConfigReader.readEntries(source, "mixed"), /: entry 1: expected an object, found 3$/);
});

test("what is missing takes the fallback; null is a value, save for those that may be null", () => {
  const absent = reader({});
  const isNull = reader({ a: null });
  for (const [read, fallback] of [
    [(r) => r.integer("a", { fallback: 3 }), 3],
    [(r) => r.number("a", 0.5), 0.5],
    [(r) => r.string("a", "b"), "b"],
    [(r) => r.boolean("a", true), true],
    [(r) => r.oneOf("a", ["left", "right"], "left"), "left"],
  ] as const satisfies readonly (readonly [Read, unknown])[]) {
    assert.equal(read(absent), fallback);
    assert.throws(() => read(isNull), { code: "invalid-value", subject: "a", file });
  }
  const nullable: readonly Read[] = [
    (r) => r.nullableString("a"),
    (r) => r.nullableBoolean("a"),
    (r) => r.nullableObject("a"),
  ];
  for (const read of nullable) {
    assert.equal(read(absent), null);
    assert.equal(read(isNull), null);
    assert.throws(() => read(reader({ a: [] })), { code: "invalid-value", subject: "a", file });
  }
  assert.deepEqual([absent.has("a"), isNull.has("a"), isNull.hasOwn("a")], [false, false, true]);
  assert.equal(absent.hasOwn("toString"), false);
});

test("values of the wrong kind are errors that name the place, what was expected and what was found", () => {
  const reads: readonly Read[] = [
    (r) => r.integer("a"),
    (r) => r.number("a"),
    (r) => r.string("a"),
    (r) => r.boolean("a"),
    (r) => r.oneOf("a", ["left", "right"]),
    (r) => r.array("a"),
    (r) => r.object("a"),
    (r) => r.objects("a"),
  ];
  for (const read of reads) {
    assert.throws(() => read(reader({})), { name: "FormatError", code: "missing-key", subject: "a", file });
    const error = { name: "FormatError", code: "invalid-value", subject: "a", file };
    assert.throws(() => read(reader({ a: null })), error);
  }
  assert.throws(
    () => reader({ a: "x".repeat(1000) }).integer("a"),
    (error: SentensorError) => {
      assert.match(
        error.message,
        /^folder\/settings\.json: "a": expected a whole number from 0 on, found "x{77}…"$/,
      );
      return true;
    },
  );
});

test("whole numbers have their limits", () => {
  const limits = { minimum: 1, maximum: 5 };
  assert.deepEqual(
    [1, 5].map((a) => reader({ a }).integer("a", limits)),
    [1, 5],
  );
  for (const a of [0, 6, 1.5, "1", 2 ** 53]) {
    assert.throws(() => reader({ a }).integer("a", limits), { code: "invalid-value", subject: "a" });
  }
  assert.equal(reader({ a: 2 ** 53 - 1 }).integer("a"), 2 ** 53 - 1);
});

test("the path leads through objects and arrays, also where settings were changed", () => {
  const outer = reader({ parts: [{ a: 1 }, { inner: { a: "1" } }, 3] });
  const [, part] = reader({ parts: [{}, { inner: { a: "1" } }] }).objects("parts");
  const inner = part!.object("inner");
  assert.equal(inner.path, "parts[1].inner");
  assert.throws(() => inner.integer("a"), { subject: "parts[1].inner.a", file });
  assert.throws(() => inner.with({ b: 1 }).string("b"), { subject: "parts[1].inner.b", file });
  assert.throws(() => inner.refuseOthers(new Set()), {
    code: "unknown-setting",
    subject: "parts[1].inner.a",
  });
  assert.throws(() => inner.refuseUnless("a", ["2"]), {
    code: "unsupported-setting",
    subject: "parts[1].inner.a",
  });
  assert.throws(() => outer.objects("parts"), { code: "invalid-value", subject: "parts[2]" });
});
