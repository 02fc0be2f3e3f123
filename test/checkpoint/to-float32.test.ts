import assert from "node:assert/strict";
import { test } from "node:test";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { type CheckpointDType, dtypeInfo } from "../../src/checkpoint/dtype.ts";
import { openSafetensors } from "../../src/checkpoint/safetensors/open.ts";
import { toFloat32 } from "../../src/checkpoint/to-float32.ts";
import { fixture, memory, versions } from "./support.ts";

const everyDType: readonly CheckpointDType[] = [
  "F64",
  "F32",
  "F16",
  "BF16",
  "F8_E4M3",
  "F8_E5M2",
  "I64",
  "I32",
  "I16",
  "I8",
  "U64",
  "U32",
  "U16",
  "U8",
  "BOOL",
];

const source = memory({ conversions: fixture("conversions.safetensors.gz") });

interface Case {
  readonly stored: Uint8Array;
  readonly expected: Float32Array;
}

async function readCase(checkpoint: Checkpoint, dtype: CheckpointDType): Promise<Case> {
  const info = checkpoint.tensors.get(`${dtype}.stored`);
  assert.equal(info?.dtype, dtype, "the fixture has this type; regenerate it with generate.py");
  const stored = await checkpoint.readBytes(`${dtype}.stored`);
  const bytes = await checkpoint.readBytes(`${dtype}.float32`);
  return { stored, expected: new Float32Array(bytes.slice().buffer) };
}

/** Equal bits, but any NaN for a NaN. */
function assertSame(found: Float32Array, expected: Float32Array, what: string): void {
  assert.equal(found.length, expected.length, what);
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(found[i], expected[i]))
      assert.fail(`${what}, element ${i}: ${found[i]}, expected ${expected[i]}`);
  }
}

test(`every type becomes the f32 that torch ${versions.torch} and numpy ${versions.numpy} make of it`, async () => {
  const checkpoint = await openSafetensors(source, "conversions");
  for (const dtype of everyDType) {
    const { stored, expected } = await readCase(checkpoint, dtype);
    assert.ok(expected.length >= 4, "the premise: there are values");
    const values = new Float32Array(expected.length);
    toFloat32(dtype, stored, values);
    assertSame(values, expected, dtype);
  }
});

test("stored bytes may begin anywhere, and either side may lie in shared memory", async () => {
  const checkpoint = await openSafetensors(source, "conversions");
  for (const dtype of everyDType) {
    const { stored, expected } = await readCase(checkpoint, dtype);
    for (const Memory of [ArrayBuffer, SharedArrayBuffer]) {
      for (let shift = 0; shift < 8; shift++) {
        const bytes = new Uint8Array(new Memory(stored.length + 8), shift, stored.length);
        bytes.set(stored);
        const values = new Float32Array(new Memory(4 * expected.length + 8), 4, expected.length);
        toFloat32(dtype, bytes, values);
        assertSame(values, expected, `${dtype} shifted by ${shift}`);
      }
    }
  }
});

test("stored bytes may be the tail of the target itself", async () => {
  const checkpoint = await openSafetensors(source, "conversions");
  for (const dtype of everyDType.filter((name) => dtypeInfo(name).byteSize < 8)) {
    const { stored, expected } = await readCase(checkpoint, dtype);
    const values = new Float32Array(expected.length);
    const tail = new Uint8Array(values.buffer, values.byteLength - stored.length);
    tail.set(stored);
    toFloat32(dtype, tail, values);
    assertSame(values, expected, dtype);
  }
});

test("f32 bits arrive unchanged, NaN payloads included", () => {
  const bits = Uint32Array.of(0x7fa0_0001, 0xffc1_2345, 0x7f80_0000, 0x8000_0000, 1);
  const values = new Float32Array(bits.length);
  toFloat32("F32", new Uint8Array(bits.buffer), values);
  assert.deepEqual(new Uint32Array(values.buffer), bits);
});

test("every byte but 0 is true", () => {
  const values = new Float32Array(4);
  toFloat32("BOOL", Uint8Array.of(0, 1, 2, 255), values);
  assert.deepEqual([...values], [0, 1, 1, 1]);
});
