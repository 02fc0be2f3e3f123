import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createJsBackend, createReferenceBackend } from "../../../../src/tensor/backend/js/js-backend.ts";
import { FreeLists } from "../../../../src/tensor/backend/js/memory.ts";
import type { Storage } from "../../../../src/tensor/backend.ts";
import { REDUCTIONS } from "../../../../src/tensor/kernel-table.ts";
import { randomFloats, randomNumbers } from "../../../helpers/random.ts";
import { callKernel, type KernelInputs } from "../conformance/calls.ts";
import { assertSameBits } from "../conformance/memory.ts";

const foreign: Storage = { length: 4 };

test("a storage, matrix or table of another backend is refused", () => {
  const backend = createJsBackend();
  assert.throws(() => backend.write(foreign, new Float32Array(1), 0), {
    name: "ArgumentError",
    code: "backend-mismatch",
  });
  assert.throws(() => backend.free(foreign), { name: "ArgumentError", code: "backend-mismatch" });
  assert.throws(() => backend.parameters.free({ outFeatures: 1, inFeatures: 1 }), {
    name: "ArgumentError",
    code: "backend-mismatch",
  });
  assert.throws(() => backend.parameters.free({ rows: 1, width: 1 }), {
    name: "ArgumentError",
    code: "backend-mismatch",
  });
});

test("a storage, matrix or table cannot be used after it was given back", () => {
  const backend = createJsBackend();
  const storage = backend.allocate(4);
  backend.free(storage);
  assert.throws(() => backend.write(storage, new Float32Array(1), 0), {
    name: "ArgumentError",
    code: "disposed",
  });
  assert.throws(() => backend.free(storage), { name: "ArgumentError", code: "disposed" });
  const matrix = backend.parameters.createMatrix(2, 2, "float32");
  backend.parameters.free(matrix);
  assert.throws(() => backend.parameters.write(matrix, new Float32Array(4), 0), {
    name: "ArgumentError",
    code: "disposed",
  });
  const table = backend.parameters.createTable(2, 2);
  backend.parameters.free(table);
  assert.throws(() => backend.parameters.write(table, new Float32Array(4), 0), {
    name: "ArgumentError",
    code: "disposed",
  });
});

test("a disposed backend allocates nothing", () => {
  const backend = createJsBackend();
  backend.dispose();
  assert.throws(() => backend.allocate(1), /disposed/);
});

test("memory given back is used again for the next storage of about its size", () => {
  const free = new FreeLists();
  const array = free.take(1000);
  assert.ok(array.length >= 1000 && array.length <= 1250, `${array.length} elements for 1000`);
  free.give(array);
  assert.equal(free.take(990), array);
  assert.notEqual(free.take(990), array);
});

test("no more than 64 MiB wait for reuse", () => {
  const free = new FreeLists();
  const arrays = Array.from({ length: 5 }, () => free.take(4 * 2 ** 20)); // 16 MiB each
  for (const array of arrays) free.give(array);
  const again = arrays.map(() => free.take(4 * 2 ** 20));
  assert.equal(again.filter((array) => arrays.includes(array)).length, 4);
});

test("every size up to a million fits its class with at most a quarter of waste", () => {
  const free = new FreeLists();
  for (let length = 0; length < 2 ** 20; length = Math.ceil(length * 1.07) + 1) {
    const capacity = free.take(length).length;
    assert.ok(capacity >= length, `${capacity} for ${length}`);
    assert.ok(capacity <= Math.max(64, 1.25 * length), `${capacity} for ${length}`);
  }
});

// Both sum in f64 and in the same order, so they agree to the last bit; the wider bounds of the conformance
// suite would not notice a lost digit.
test("the fast linear layer and the fast attention give the very bits of the reference", async () => {
  const random = randomNumbers(11);
  const js = createJsBackend();
  const reference = createReferenceBackend();
  for (const [rows, inFeatures, outFeatures] of [
    [3, 7, 5],
    [65, 513, 193],
    [2, 1030, 4],
  ] as const) {
    const inputs: KernelInputs<"linear"> = {
      x: randomFloats(random, rows * inFeatures),
      weight: randomFloats(random, outFeatures * inFeatures),
      bias: randomFloats(random, outFeatures),
      residual: randomFloats(random, rows * outFeatures),
      rows,
      inFeatures,
      outFeatures,
      activation: "relu",
    };
    assertSameBits(
      await callKernel(js, "linear", inputs),
      await callKernel(reference, "linear", inputs),
      `linear ${rows}`,
    );
  }
  for (const headDim of [1, 32, 100]) {
    const size = 70 * 2 * headDim;
    const inputs: KernelInputs<"attention"> = {
      q: randomFloats(random, size),
      k: randomFloats(random, size),
      v: randomFloats(random, size),
      offsets: Int32Array.of(0, 1, 1, 67, 70),
      relativeBias: null,
      heads: 2,
      kvHeads: 2,
      headDim,
      scale: 1,
      span: 0,
      before: 66,
      after: 66,
    };
    const actual = await callKernel(js, "attention", inputs);
    const expected = await callKernel(reference, "attention", inputs);
    const last = expected.map((value) => Math.abs(value) * 2 ** -23);
    assert.ok(
      actual.every((value, i) => Math.abs(value - expected[i]!) <= last[i]!),
      `heads of ${headDim}`,
    );
  }
});

test("for any shape the fast linear layer gives the very bits of the reference", async () => {
  const js = createJsBackend();
  const reference = createReferenceBackend();
  const size = fc.integer({ min: 1, max: 70 });
  await fc.assert(
    fc.asyncProperty(size, size, size, fc.boolean(), async (rows, inFeatures, outFeatures, residual) => {
      const random = randomNumbers(rows * 5041 + inFeatures * 71 + outFeatures);
      const inputs: KernelInputs<"linear"> = {
        x: randomFloats(random, rows * inFeatures, 10),
        weight: randomFloats(random, outFeatures * inFeatures),
        bias: randomFloats(random, outFeatures),
        residual: residual ? randomFloats(random, rows * outFeatures) : null,
        ...{ rows, inFeatures, outFeatures, activation: null },
      };
      assertSameBits(
        await callKernel(js, "linear", inputs),
        await callKernel(reference, "linear", inputs),
        "linear",
      );
    }),
    { numRuns: 60 },
  );
});

test("for any sequences the fast pooling gives the very bits of the reference", async () => {
  const js = createJsBackend();
  const reference = createReferenceBackend();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...REDUCTIONS),
      fc.array(fc.nat(7), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(8),
      async (reduction, lengths, width, skip) => {
        let tokens = 0;
        const starts: number[] = [];
        for (const length of lengths) {
          starts.push(tokens);
          tokens += length;
        }
        const inputs = {
          x: randomFloats(randomNumbers(tokens), tokens * width),
          starts: Int32Array.from(starts),
          ends: Int32Array.from(starts, (start, i) => start + lengths[i]!),
          ...{ skip, reduction, width, outStride: width + 2, outColumn: 1 },
        };
        assertSameBits(
          await callKernel(js, "pool", inputs),
          await callKernel(reference, "pool", inputs),
          reduction,
        );
      },
    ),
    { numRuns: 100 },
  );
});
