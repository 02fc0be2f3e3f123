import assert from "node:assert/strict";
import { test } from "node:test";
import { AssemblyError, vectorBytes } from "../../src/wasm-assembler/index.ts";
import { annotated, hex } from "./support.ts";

test("a vector constant is its lanes, little-endian, or one value for all of them", () => {
  const cases: readonly [Uint8Array, string][] = [
    [
      vectorBytes("i8x16", ...Array.from({ length: 16 }, (_, lane) => lane)),
      "000102030405060708090a0b0c0d0e0f",
    ],
    [vectorBytes("i8x16", -1), "ff".repeat(16)],
    [vectorBytes("i8x16", 255), "ff".repeat(16)],
    [vectorBytes("i16x8", -2), "feff".repeat(8)],
    [vectorBytes("i32x4", 1, -1, 2 ** 31, 0x1234), "01000000 ffffffff 00000080 34120000"],
    [vectorBytes("i64x2", -(2n ** 63n), 2n ** 64n - 1n), "0000000000000080 ffffffffffffffff"],
    [vectorBytes("f32x4", 1, 2, -0, Number.NaN), "0000803f 00000040 00000080 0000c07f"],
    [vectorBytes("f32x4", 0.1), "cdcccc3d".repeat(4)],
    [vectorBytes("f64x2", 1, Number.NaN), "000000000000f03f 000000000000f87f"],
  ];
  for (const [bytes, expected] of cases) assert.equal(hex(bytes), annotated(expected));
});

test("the wrong number of lanes and values that do not fit are refused", () => {
  const wrong: readonly [() => unknown, RegExp][] = [
    [() => vectorBytes("f32x4", 1, 2), /v128.const f32x4: expected 1 or 4 values, found 2/],
    [() => vectorBytes("f32x4"), /expected 1 or 4 values, found 0/],
    [() => vectorBytes("i8x16", 256), /v128.const i8x16: expected integers in −2\^7 … 2\^8 − 1, found 256/],
    [() => vectorBytes("i8x16", -129), /found -129/],
    [() => vectorBytes("i32x4", 0.5), /found 0.5/],
    [() => vectorBytes("i64x2", 2n ** 64n), /expected bigints in −2\^63 … 2\^64 − 1/],
    [() => vectorBytes("i64x2", 1 as unknown as bigint), /expected bigints/],
    [() => vectorBytes("f32x4", 1n as unknown as number), /expected numbers, found 1/],
  ];
  for (const [make, message] of wrong) {
    assert.throws(
      make,
      (error) => error instanceof AssemblyError && message.test(error.message),
      `${message}`,
    );
  }
});
