import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ArgumentError, ShapeError } from "../../src/errors.ts";
import { createJsBackend } from "../../src/tensor/backend/js/js-backend.ts";
import { upload } from "../../src/tensor/ops/upload.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const matrix = Tensor.from([0, 1, 2, 3, 4, 5], [2, 3]);

test("a tensor reads as nested arrays, whatever its rank", () => {
  assert.deepEqual(matrix.toArray(), [
    [0, 1, 2],
    [3, 4, 5],
  ]);
  assert.equal(Tensor.from([7], []).toArray(), 7);
  assert.deepEqual(Tensor.from([], [2, 0]).toArray(), [[], []]);
});

test("views share the memory, and know that they have gaps", () => {
  const data = Float32Array.from([0, 1, 2, 3, 4, 5]);
  const tensor = Tensor.from(data, [2, 3]);
  const transposed = tensor.transpose();
  assert.deepEqual(transposed.shape, [3, 2]);
  assert.deepEqual(transposed.strides, [1, 3]);
  assert.equal(transposed.isContiguous, false);
  data[1] = 10;
  assert.deepEqual(transposed.toArray(), [
    [0, 3],
    [10, 4],
    [2, 5],
  ]);
  assert.deepEqual(transposed.contiguous().strides, [2, 1]);
  assert.deepEqual(tensor.row(1).toArray(), [3, 4, 5]);
  assert.deepEqual(tensor.slice(1, 2).toArray(), [[3, 4, 5]]);
  assert.deepEqual(transposed.row(1).toArray(), [10, 4]);
  assert.equal(tensor.row(0).data.buffer, data.buffer, "no copy");
});

test("transposing by any order of axes reads the elements that the indices name", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
      fc.infiniteStream(fc.nat()),
      (shape, choices) => {
        const count = shape.reduce((product, dimension) => product * dimension, 1);
        const tensor = Tensor.from(
          Int32Array.from({ length: count }, (_, i) => i),
          shape,
        );
        const axes = shape
          .map((_, axis) => ({ axis, key: choices.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ axis }) => axis);
        const view = tensor.transpose(axes);
        const back = axes.map((_, axis) => axes.indexOf(axis));
        assert.deepEqual(view.contiguous().transpose(back).data, tensor.data);
        assert.deepEqual(
          view.shape,
          axes.map((axis) => shape[axis]),
        );
      },
    ),
    { seed: 20261123 },
  );
});

test("reshape infers one dimension and refuses what does not fit", () => {
  assert.deepEqual(matrix.reshape([3, -1]).shape, [3, 2]);
  assert.deepEqual(matrix.transpose().reshape([6]).toArray(), [0, 3, 1, 4, 2, 5]);
  assert.throws(() => matrix.reshape([4, -1]), ShapeError);
  assert.throws(() => matrix.reshape([7]), {
    name: "ShapeError",
    message: "reshape: [2, 3] does not fit [7]",
  });
  assert.throws(() => Tensor.from([1, 2], [3]), ShapeError);
  assert.throws(() => Tensor.from([1, 2], [-2, -1]), ShapeError);
  assert.throws(() => matrix.slice(1, 3), ShapeError);
  assert.throws(() => matrix.transpose([0, 0]), ShapeError);
});

test("a tensor in a backend's memory is read, uploaded and given back", async () => {
  const backend = createJsBackend();
  const tensor = upload(backend, matrix);
  assert.equal(tensor.backend, backend);
  assert.deepEqual(await tensor.read(), matrix.data);
  assert.deepEqual(tensor.reshape([3, 2]).toArray(), [
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
  assert.throws(() => tensor.row(0), ArgumentError);
  assert.throws(() => matrix.storage, ArgumentError);
  assert.throws(() => upload(backend, Tensor.from(new Int32Array(2))), ShapeError);
  tensor.dispose();
});
