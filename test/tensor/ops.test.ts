/** What ops refuse, and that they pass the right sizes on. The numbers are the conformance suite's business. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ShapeError } from "../../src/errors.ts";
import { causal } from "../../src/tensor/attention-mask.ts";
import { createJsBackend } from "../../src/tensor/backend/js/js-backend.ts";
import type { Backend, PackedMatrix } from "../../src/tensor/backend.ts";
import { attention } from "../../src/tensor/ops/attention.ts";
import { activation, add } from "../../src/tensor/ops/elementwise.ts";
import { embeddingSum } from "../../src/tensor/ops/embedding-sum.ts";
import { gatedHalves, gatedProduct } from "../../src/tensor/ops/gated-product.ts";
import { layerNorm } from "../../src/tensor/ops/layer-norm.ts";
import { linear } from "../../src/tensor/ops/linear.ts";
import { pool } from "../../src/tensor/ops/pool.ts";
import { rmsNorm } from "../../src/tensor/ops/rms-norm.ts";
import { rotary } from "../../src/tensor/ops/rotary.ts";
import { upload } from "../../src/tensor/ops/upload.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const backend = createJsBackend();

function on(where: Backend, shape: readonly number[], values?: readonly number[]): Tensor {
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  return upload(where, Tensor.from(values ?? Array.from({ length: count }, (_, i) => i / 4), shape));
}

function matrix(outFeatures: number, inFeatures: number, values: readonly number[]): PackedMatrix {
  const packed = backend.parameters.createMatrix(outFeatures, inFeatures, "float32");
  backend.parameters.write(packed, Float32Array.from(values), 0);
  return packed;
}

const offsets = (...values: number[]) => Int32Array.from(values);

function refuses(body: () => unknown, message: RegExp): void {
  assert.throws(body, (error) => error instanceof ShapeError && message.test(error.message));
}

test("linear multiplies over the last axis of any shape", () => {
  const weight = matrix(2, 3, [1, 0, 0, 0, 1, 1]);
  const x = on(backend, [2, 1, 3], [1, 2, 3, 4, 5, 6]);
  const out = linear(x, weight, on(backend, [2], [10, 20]), {
    residual: on(backend, [2, 1, 2], [0, 0, 1, 1]),
  });
  assert.deepEqual(out.toArray(), [[[11, 25]], [[15, 32]]]);
  assert.deepEqual(linear(on(backend, [0, 3]), weight, null).shape, [0, 2]);
});

test("linear names the shapes that do not fit", () => {
  const weight = matrix(2, 3, [1, 0, 0, 0, 1, 1]);
  refuses(
    () => linear(on(backend, [2, 5]), weight, null),
    /^linear: weight \[2, 3\] does not fit input \[2, 5\]$/,
  );
  refuses(
    () => linear(on(backend, [2, 3]), weight, on(backend, [3])),
    /expected bias of shape \[2\], got \[3\]/,
  );
  refuses(
    () => linear(on(backend, [2, 3]), weight, null, { residual: on(backend, [2, 3]) }),
    /expected residual of shape \[2, 2\], got \[2, 3\]/,
  );
});

test("tensors of host memory or of two backends do not mix", () => {
  const other = createJsBackend();
  refuses(() => add(on(backend, [2]), on(other, [2])), /inputs of one backend/);
  refuses(() => activation(Tensor.from([1, 2]), "gelu"), /on a backend, got one in host memory/);
});

test("add and layerNorm check their inputs", () => {
  assert.deepEqual(add(on(backend, [2], [1, 2]), on(backend, [2], [3, 5])).toArray(), [4, 7]);
  refuses(() => add(on(backend, [2]), on(backend, [3])), /expected second input of shape \[2\], got \[3\]/);
  refuses(() => layerNorm(on(backend, [2, 3]), on(backend, [2]), on(backend, [3]), 1e-12), /weight/);
  refuses(() => layerNorm(on(backend, [2, 3]), on(backend, [3]), on(backend, [2]), 1e-12), /bias/);
});

test("attention refuses heads, boundaries and biases that do not fit", () => {
  const x = on(backend, [3, 4]);
  const options = { heads: 2, scale: 1 };
  assert.deepEqual(attention(x, x, x, offsets(0, 1, 3), options).shape, [3, 4]);
  refuses(
    () => attention(x, x, x, offsets(0, 3), { heads: 3, scale: 1 }),
    /a divisor of the width of \[3, 4\] as heads, got 3/,
  );
  refuses(() => attention(x, on(backend, [2, 4]), x, offsets(0, 3), options), /expected key of shape/);
  refuses(() => attention(x, x, x, offsets(0, 2), options), /end at 3, the rows of the batch, got 2/);
  refuses(() => attention(x, x, x, offsets(1, 3), options), /begin with 0, got 1/);
  refuses(
    () => attention(x, x, x, offsets(0, 2, 1, 3), options),
    /ascending sequence offsets, got 1 after 2/,
  );
  const relativeBias = on(backend, [2, 3]); // spans 2 positions
  refuses(
    () => attention(x, x, x, offsets(0, 3), { ...options, relativeBias }),
    /expected relativeBias to span 3 positions, .* got 2/,
  );
  assert.deepEqual(attention(x, x, x, offsets(0, 2, 3), { ...options, relativeBias }).shape, [3, 4]);
});

test("attention refuses key heads and masks that do not fit", () => {
  const x = on(backend, [3, 8]);
  const shared = on(backend, [3, 4]);
  const options = { heads: 4, kvHeads: 2, scale: 1, mask: causal };
  assert.deepEqual(attention(x, shared, shared, offsets(0, 1, 3), options).shape, [3, 8]);
  const subject = (name: string) => (error: unknown) => error instanceof ShapeError && error.subject === name;
  const call = (changes: object, key = shared, value = shared) =>
    attention(x, key, value, offsets(0, 3), { ...options, ...changes });
  for (const kvHeads of [0, 3, 8, 1.5]) assert.throws(() => call({ kvHeads }), subject("kvHeads"));
  assert.throws(() => call({}, x), subject("key"));
  assert.throws(() => call({}, shared, x), subject("value"));
  for (const size of [-1, 0.5, Number.NaN]) {
    assert.throws(() => call({ mask: { before: size, after: 0 } }), subject("mask.before"));
    assert.throws(() => call({ mask: { before: 0, after: size } }), subject("mask.after"));
  }
});

test("rmsNorm, rotary and gated products check their inputs", () => {
  const subject = (name: string) => (error: unknown) => error instanceof ShapeError && error.subject === name;
  assert.deepEqual(rmsNorm(on(backend, [2], [3, 3]), on(backend, [2], [1, 2]), 0).toArray(), [1, 2]);
  assert.throws(() => rmsNorm(on(backend, [2, 3]), on(backend, [2]), 1e-6), subject("weight"));

  const x = on(backend, [2, 8]);
  const angles = { cosines: on(backend, [3, 2]), sines: on(backend, [3, 2]) };
  assert.deepEqual(rotary(x, angles, offsets(0, 2)).shape, [2, 8]);
  assert.throws(() => rotary(x, { ...angles, sines: on(backend, [2, 2]) }, offsets(0, 2)), subject("sines"));
  assert.throws(() => rotary(on(backend, [2, 6]), angles, offsets(0, 2)), subject("cosines"));
  assert.throws(() => rotary(x, angles, offsets(0)), subject("positions"));
  for (const outside of [-1, 3]) {
    assert.throws(
      () => rotary(x, angles, offsets(0, outside)),
      (error) => error instanceof ShapeError && error.code === "index-out-of-range",
    );
  }

  const y = on(backend, [1, 4], [1, -2, 5, 7]);
  assert.deepEqual(gatedHalves(y, "relu", "first").toArray(), [[5, 0]]);
  assert.deepEqual(gatedHalves(y, "relu", "second").toArray(), [[5, -14]]);
  assert.deepEqual(gatedProduct(y, on(backend, [1, 4], [2, 2, 2, 2]), "relu").toArray(), [[2, 0, 10, 14]]);
  assert.throws(() => gatedHalves(on(backend, [1, 3]), "relu", "first"), subject("input"));
  assert.throws(() => gatedProduct(y, on(backend, [1, 2]), "relu"), subject("up"));
});

test("embeddingSum refuses ids outside of the table by name", () => {
  const table = backend.parameters.createTable(3, 2);
  backend.parameters.write(table, Float32Array.from([0, 0, 1, 2, 3, 4]), 0);
  const lookup = (...ids: number[]) => ({ what: "position", table, ids: Int32Array.from(ids) });
  assert.deepEqual(embeddingSum(backend, [lookup(1, 2), lookup(2, 2)]).toArray(), [
    [4, 6],
    [6, 8],
  ]);
  refuses(() => embeddingSum(backend, [lookup(0, 3)]), /expected a position below 3, got 3/);
  refuses(() => embeddingSum(backend, [lookup(-1)]), /got -1/);
  refuses(
    () => embeddingSum(backend, [lookup(0), lookup(0, 1)]),
    /expected positions \[1\] into rows of 2, got \[2\]/,
  );
});

test("pool puts reductions side by side and refuses empty sequences", () => {
  const x = on(backend, [3, 2], [1, 2, 5, 0, 7, 8]);
  assert.deepEqual(pool(x, offsets(0, 2, 3), ["max", "mean", "last"]).toArray(), [
    [5, 2, 3, 1, 5, 0],
    [7, 8, 7, 8, 7, 8],
  ]);
  assert.deepEqual(pool(x, offsets(0, 3), ["first"], 1).toArray(), [[5, 0]]);
  refuses(() => pool(x, offsets(0, 0, 3), ["mean", "last"]), /got none in sequence 0/);
  const [empty] = pool(x, offsets(0, 0, 3), ["mean"]).toArray() as number[][];
  assert.deepEqual(empty, [0, 0], "the mean of no tokens is 0, as the reference has it");
});
