import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromFloat32 } from "../../src/checkpoint/from-float32.ts";
import { openSafetensors } from "../../src/checkpoint/safetensors/open.ts";
import { toFloat32 } from "../../src/checkpoint/to-float32.ts";
import { fixture, float32, memory, versions } from "./support.ts";

for (const dtype of ["F16", "BF16"] as const) {
  test(`f32 is stored as ${dtype} as torch ${versions.torch} rounds it`, async () => {
    const checkpoint = await openSafetensors(
      memory({ rounding: fixture("rounding.safetensors.gz") }),
      "rounding",
    );
    const values = await float32(checkpoint, "float32");
    assert.ok(values.length > 5000, "the premise: there are values");
    const expected = await float32(checkpoint, dtype);
    const found = new Float32Array(values.length);
    toFloat32(dtype, fromFloat32(dtype, values), found);
    for (let i = 0; i < values.length; i++) {
      if (!Object.is(found[i], expected[i])) {
        assert.fail(`${values[i]} became ${found[i]}, expected ${expected[i]}`);
      }
    }
  });

  test(`what is ${dtype} already is stored unchanged, NaN included`, () => {
    const stored = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const values = new Float32Array(stored.length);
    toFloat32(dtype, new Uint8Array(stored.buffer), values);
    const again = new Uint16Array(fromFloat32(dtype, values).buffer);
    const quiet = dtype === "F16" ? 0x0200 : 0x0040;
    for (let i = 0; i < stored.length; i++) {
      const expected = Number.isNaN(values[i]) ? stored[i]! | quiet : stored[i];
      assert.equal(again[i], expected);
    }
  });
}

test("f32 is stored as its own bytes", () => {
  fc.assert(
    fc.property(fc.float32Array(), (values) => {
      const found = fromFloat32("F32", values);
      assert.deepEqual(found, new Uint8Array(values.slice().buffer));
      assert.notEqual(found.buffer, values.buffer);
    }),
  );
});
