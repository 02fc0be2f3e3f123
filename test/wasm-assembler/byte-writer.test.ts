import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader } from "../../src/wasm-assembler/byte-reader.ts";
import { ByteWriter } from "../../src/wasm-assembler/byte-writer.ts";
import { AssemblyError } from "../../src/wasm-assembler/index.ts";
import { hex } from "./support.ts";

function written(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter(1);
  write(writer);
  return hex(writer.toBytes());
}

test("unsigned LEB128 has the shortest form at every change of length", () => {
  const cases: readonly [number, string][] = [
    [0, "00"],
    [127, "7f"],
    [128, "8001"],
    [624485, "e58e26"],
    [2 ** 14 - 1, "ff7f"],
    [2 ** 14, "808001"],
    [2 ** 21 - 1, "ffff7f"],
    [2 ** 21, "80808001"],
    [2 ** 28 - 1, "ffffff7f"],
    [2 ** 28, "8080808001"],
    [2 ** 31, "8080808008"],
    [2 ** 32 - 1, "ffffffff0f"],
  ];
  for (const [value, bytes] of cases)
    assert.equal(
      written((writer) => writer.u32(value)),
      bytes,
      `${value}`,
    );
});

test("signed LEB128 of 32 bits keeps the sign at every change of length", () => {
  const cases: readonly [number, string][] = [
    [0, "00"],
    [63, "3f"],
    [64, "c000"],
    [-1, "7f"],
    [-64, "40"],
    [-65, "bf7f"],
    [-123456, "c0bb78"],
    [8191, "ff3f"],
    [8192, "80c000"],
    [-8192, "8040"],
    [-8193, "ffbf7f"],
    [2 ** 31 - 1, "ffffffff07"],
    [-(2 ** 31), "8080808078"],
  ];
  for (const [value, bytes] of cases)
    assert.equal(
      written((writer) => writer.s32(value)),
      bytes,
      `${value}`,
    );
});

test("signed LEB128 of 64 bits reaches both ends", () => {
  const cases: readonly [bigint, string][] = [
    [0n, "00"],
    [-1n, "7f"],
    [64n, "c000"],
    [2n ** 31n, "8080808008"],
    [-(2n ** 31n) - 1n, "ffffffff77"],
    [2n ** 63n - 1n, "ffffffffffffffffff00"],
    [-(2n ** 63n), "8080808080808080807f"],
  ];
  for (const [value, bytes] of cases)
    assert.equal(
      written((writer) => writer.s64(value)),
      bytes,
      `${value}`,
    );
});

test("every integer comes back from LEB128", () => {
  const u32 = fc.nat(0xffffffff);
  const s32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const s64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(u32, s32, s64, (unsigned, signed, long) => {
      const writer = new ByteWriter(1);
      writer.u32(unsigned);
      writer.s32(signed);
      writer.s64(long);
      const reader = new ByteReader(writer.toBytes());
      assert.deepEqual(
        [reader.u32(), reader.s32(), reader.s64(), reader.done],
        [unsigned, signed, long, true],
      );
    }),
  );
});

test("numbers that do not fit are refused, not wrapped", () => {
  const writer = new ByteWriter();
  for (const value of [-1, 2 ** 32, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => writer.u32(value), AssemblyError, `u32 ${value}`);
  }
  for (const value of [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN]) {
    assert.throws(() => writer.s32(value), AssemblyError, `s32 ${value}`);
  }
  for (const value of [2n ** 63n, -(2n ** 63n) - 1n]) {
    assert.throws(() => writer.s64(value), AssemblyError, `s64 ${value}`);
  }
  assert.equal(writer.length, 0);
});

test("floats are little-endian and every NaN is the canonical one", () => {
  assert.equal(
    written((writer) => writer.f32(1.5)),
    "0000c03f",
  );
  assert.equal(
    written((writer) => writer.f32(-0)),
    "00000080",
  );
  assert.equal(
    written((writer) => writer.f64(1.5)),
    "000000000000f83f",
  );
  const odd = new Float32Array(Uint32Array.of(0xffc12345).buffer)[0]!;
  assert.ok(Number.isNaN(odd), "the premise is a NaN with a payload");
  assert.equal(
    written((writer) => writer.f32(odd)),
    "0000c07f",
  );
  assert.equal(
    written((writer) => writer.f64(odd)),
    "000000000000f87f",
  );
});

test("a name is UTF-8 with its length in bytes; half a character is refused", () => {
  assert.equal(
    written((writer) => writer.name("é")),
    "02c3a9",
  );
  assert.match(
    written((writer) => writer.name("n".repeat(200))),
    /^c801(6e){200}$/,
  );
  assert.throws(() => new ByteWriter().name("\ud800"), AssemblyError);
});

test("reading refuses bytes that end early and numbers that are too long", () => {
  const reader = (...bytes: number[]) => new ByteReader(Uint8Array.of(...bytes));
  assert.throws(() => reader().byte(), AssemblyError);
  assert.throws(() => reader(0x80).u32(), AssemblyError);
  assert.throws(() => reader(0xff, 0xff, 0xff, 0xff, 0x1f).u32(), AssemblyError);
  assert.throws(() => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0x00).u32(), AssemblyError);
  assert.throws(() => reader(0x80, 0x80, 0x80, 0x80, 0x08).s32(), AssemblyError);
  assert.throws(() => reader(5, 1, 2).sized(), AssemblyError);
  assert.throws(() => reader(3, 1, 2).name(), AssemblyError);
});
