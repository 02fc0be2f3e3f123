import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
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
    message: "reshape: expected a shape with as many elements as [2, 3], got [7]",
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

test("names of torch and transformers.js: dims, tolist, item", () => {
  assert.equal(matrix.dims, matrix.shape);
  assert.deepEqual(matrix.tolist(), matrix.toArray());
  assert.equal(Tensor.from([7], []).item(), 7);
  assert.equal(matrix.row(1).slice(2).item(), 5, "of a view");
  for (const tensor of [matrix, Tensor.from([])]) {
    assert.throws(() => tensor.item(), { name: "ShapeError", code: "shape-mismatch" });
  }
});

test("iteration gives rows, and numbers where there is one axis", async () => {
  assert.deepEqual(
    Array.from(matrix, (row) => row.toArray()),
    [
      [0, 1, 2],
      [3, 4, 5],
    ],
  );
  assert.deepEqual(
    Array.from(matrix.transpose(), (row) => row.toArray()),
    [
      [0, 3],
      [1, 4],
      [2, 5],
    ],
  );
  const [first] = matrix;
  assert.equal(first!.data.buffer, matrix.data.buffer, "a view");
  assert.deepEqual([...matrix.transpose().row(2)], [2, 5]);
  assert.deepEqual([...Tensor.from([], [0])], []);
  assert.throws(() => [...Tensor.from([7], [])], { name: "ShapeError", code: "shape-mismatch" });
  const uploaded = upload(createJsBackend(), matrix);
  assert.deepEqual(
    Array.from(uploaded as Iterable<Tensor>, (row) => row.toArray()),
    matrix.toArray(),
  );
});

test("rows that are not there are named", () => {
  for (const index of [-1, 2, 0.5, Number.NaN]) {
    assert.throws(() => matrix.row(index), {
      name: "ShapeError",
      code: "index-out-of-range",
      message: `row: expected an index from 0 to 1, got ${index}`,
    });
  }
  assert.throws(() => Tensor.from([7], []).row(0), { name: "ShapeError", message: /^row: / });
});

test("JSON holds the numbers, and null where it has none", () => {
  const tensor = Tensor.from([1, Number.NaN, Number.NEGATIVE_INFINITY, 0.5], [2, 2]);
  assert.equal(JSON.stringify({ tensor }), '{"tensor":[[1,null],[null,0.5]]}');
});

test("console.log shows type, shape and numbers, those of large tensors at their ends", () => {
  const tensor = Tensor.from([0.1, 1 / 3, -2, 1e-9, Number.NaN, 5], [2, 3]);
  const expected = "Tensor float32 [2, 3] [[0.1, 0.33333, -2],\n [1e-9, NaN, 5]]";
  assert.equal(inspect(tensor), expected);
  assert.equal(`${tensor}`, expected);
  const forDeno: unknown = Reflect.get(tensor, Symbol.for("Deno.customInspect"));
  assert.equal((forDeno as () => string).call(tensor), expected);
  assert.equal(inspect(tensor.transpose().row(1)), "Tensor float32 [2] [0.33333, NaN]");
  assert.equal(inspect(Tensor.from(Int32Array.of(3), [])), "Tensor int32 [] 3");
  assert.equal(inspect(Tensor.from([], [0, 3])), "Tensor float32 [0, 3] []");
  const large = Tensor.from(
    Int32Array.from({ length: 3000 }, (_, i) => i),
    [30, 100],
  );
  const lines = inspect(large).split("\n");
  assert.deepEqual(
    [lines.length, lines[0], lines[3], lines[6]],
    [
      7,
      "Tensor int32 [30, 100] [[0, 1, 2, …, 97, 98, 99],",
      " …,",
      " [2900, 2901, 2902, …, 2997, 2998, 2999]]",
    ],
  );
});

test("what a backend holds is not read to be shown", () => {
  const backend = createJsBackend();
  const tensor = upload(backend, matrix);
  Object.assign(backend, { readSync: () => assert.fail("read") });
  assert.equal(inspect(tensor), `Tensor float32 [2, 3] in the memory of ${backend.name}`);
});

test("element types that tensors do not have are named, and not taken for bytes", () => {
  for (const data of [new BigInt64Array(2), new Uint16Array(2), new DataView(new ArrayBuffer(2))]) {
    assert.throws(() => Tensor.from(data as never), {
      name: "ArgumentError",
      code: "unsupported-element-type",
      subject: data[Symbol.toStringTag],
    });
  }
});
