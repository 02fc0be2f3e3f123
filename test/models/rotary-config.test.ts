import assert from "node:assert/strict";
import { test } from "node:test";
import { FormatError, UnsupportedError } from "../../src/errors.ts";
import { ConfigReader } from "../../src/files/config-reader.ts";
import type { JsonObject } from "../../src/files/json-value.ts";
import { type RotaryConfigOptions, readRotaryFrequencies } from "../../src/models/rotary-config.ts";
import { defaultFrequencies, linearFrequencies } from "../../src/nn/rotary.ts";

function read(json: JsonObject, options: Partial<RotaryConfigOptions> = {}) {
  const reader = new ConfigReader(json, "config.json");
  return readRotaryFrequencies(reader, { headDim: 8, defaultBase: 10000, ...options });
}

test("the base stands in either spelling, or is the architecture's", () => {
  const expected = defaultFrequencies(5000, 8);
  assert.deepEqual(read({ rope_theta: 5000 }), expected);
  assert.deepEqual(read({ rope_theta: 5000, rope_scaling: null }), expected);
  assert.deepEqual(read({ rope_parameters: { rope_type: "default", rope_theta: 5000 } }), expected);
  assert.deepEqual(read({}), defaultFrequencies(10000, 8));
});

test("rope_scaling says type or rope_type", () => {
  const expected = linearFrequencies(5000, 8, 4);
  for (const key of ["type", "rope_type"]) {
    assert.deepEqual(read({ rope_theta: 5000, rope_scaling: { [key]: "linear", factor: 4 } }), expected);
  }
});

test("layers of either kind have parameters of their own where the file has them", () => {
  const json = {
    rope_parameters: {
      full_attention: { rope_type: "linear", rope_theta: 160000, factor: 2 },
      sliding_attention: { rope_type: "default", rope_theta: 10 },
    },
  };
  assert.deepEqual(read(json, { layerType: "full_attention" }), linearFrequencies(160000, 8, 2));
  assert.deepEqual(read(json, { layerType: "sliding_attention" }), defaultFrequencies(10, 8));
});

test("types that depend on the batch, and unknown ones, are refused by name", () => {
  for (const type of ["dynamic", "longrope", "ntk", "mrope"]) {
    for (const [json, subject] of [
      [{ rope_scaling: { type, factor: 2 } }, "rope_scaling.type"],
      [{ rope_parameters: { rope_type: type, rope_theta: 10, factor: 2 } }, "rope_parameters.rope_type"],
    ] as const) {
      assert.throws(
        () => read(json),
        (error) =>
          error instanceof UnsupportedError &&
          error.code === "unsupported-setting" &&
          error.subject === subject &&
          error.file === "config.json" &&
          error.message.includes(`"${type}"`),
      );
    }
  }
});

test("a part of a head that is not turned, a head of odd size and a missing factor are refused", () => {
  const is =
    (type: typeof UnsupportedError | typeof FormatError, code: string, subject: string) => (error: unknown) =>
      error instanceof type && error.code === code && error.subject === subject;
  const part = { partial_rotary_factor: 0.5 };
  assert.throws(() => read(part), is(UnsupportedError, "unsupported-setting", "partial_rotary_factor"));
  assert.throws(
    () => read({ rope_parameters: { rope_type: "default", rope_theta: 10, ...part } }),
    is(UnsupportedError, "unsupported-setting", "rope_parameters.partial_rotary_factor"),
  );
  assert.throws(() => read({}, { headDim: 7 }), is(FormatError, "invalid-value", "head_dim"));
  const linear = { rope_scaling: { type: "linear" } };
  assert.throws(() => read(linear), is(FormatError, "missing-key", "rope_scaling.factor"));
});
