/** Where a model computes: options that are checked once, and plain data from then on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkPlacement, type PlacementOptions, placeWorker } from "../../src/tensor/placement.ts";
import { selectBackend } from "../../src/tensor/select.ts";

test("what is not given is settled, or left to each thread", () => {
  const open = { backend: undefined, threads: undefined, wideSimd: undefined };
  assert.deepEqual(checkPlacement(), { device: "cpu", dtype: "float32", ...open });
  assert.deepEqual(checkPlacement({ backend: "js", threads: 1, wideSimd: true, device: "cpu" }), {
    device: "cpu",
    dtype: "float32",
    backend: "js",
    threads: 1,
    wideSimd: true,
  });
});

test("a placement is plain data, and checking it again changes nothing", () => {
  const placement = checkPlacement({ backend: "wasm", threads: 3 });
  assert.deepEqual(checkPlacement(structuredClone(placement)), placement);
});

test("a worker has its device, and one thread", () => {
  const placement = checkPlacement({ backend: "wasm", threads: 3, wideSimd: true });
  assert.deepEqual(placeWorker(placement, "cpu"), { ...placement, threads: 1 });
  assert.equal(placeWorker(placement, "tpu" as "cpu").device, "tpu");
});

for (const [wrong, code, subject] of [
  [{ device: "webgpu" }, "unsupported-device", "device"],
  [{ device: null }, "unsupported-device", "device"],
  [{ dtype: "int8" }, "unsupported-dtype", "dtype"],
  [{ dtype: null }, "unsupported-dtype", "dtype"],
  [{ backend: "fast" }, "invalid-argument", "backend"],
  [{ threads: 1.5 }, "invalid-argument", "threads"],
  [{ backend: "js", threads: 2 }, "threads-unavailable", "threads"],
] as const) {
  test(`${JSON.stringify(wrong)} is rejected, and no backend is selected by it`, async () => {
    const options = wrong as object as PlacementOptions;
    assert.throws(() => checkPlacement(options), { code, subject });
    await assert.rejects(selectBackend(options), { code, subject });
  });
}
