import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normalizeEmbeddings } from "../../src/embeddings/normalize-embeddings.ts";
import { quantizeEmbeddings } from "../../src/embeddings/quantize-embeddings.ts";
import { truncateEmbeddings } from "../../src/embeddings/truncate-embeddings.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { fineVectors } from "../similarity/support.ts";

const quiet = { onWarning: () => {} };
const ranges = [
  [0, -1, 5],
  [255, 1, 5],
];

test("int8 and uint8 count steps of a 255th of each dimension's range", () => {
  const rows = [
    [0, -1, 5],
    [1, 0, 6.5],
    [1.9, 1, 4],
    [300, -9, 5],
  ];
  const expected = [
    [0, 0, 0],
    [1, 127, 1],
    [1, 255, 0],
    [255, 0, 0],
  ];
  const unsigned = quantizeEmbeddings(rows, "uint8", { ranges });
  assert.deepEqual(
    unsigned,
    expected.map((row) => Uint8Array.from(row)),
  );
  const signed = quantizeEmbeddings(rows, "int8", { ranges });
  assert.deepEqual(
    signed,
    expected.map((row) => Int8Array.from(row, (step) => step - 128)),
  );
});

test("bits begin at the highest of each byte, and the last byte is filled up with zeros", () => {
  const rows = [Float32Array.of(1, -1, 0, 0.5, -0.5, 2, 3, -4, 1e-30, 0), new Float32Array(10).fill(1)];
  const bytes = [
    [0b10010110, 0b10000000],
    [0b11111111, 0b11000000],
  ];
  assert.deepEqual(
    quantizeEmbeddings(rows, "ubinary"),
    bytes.map((row) => Uint8Array.from(row)),
  );
  assert.deepEqual(
    quantizeEmbeddings(rows, "binary"),
    bytes.map((row) => Int8Array.from(row, (byte) => byte - 128)),
  );
});

test("ranges come from the ranges, else the calibration embeddings, else the embeddings", () => {
  const rows = [[0.5], [0.25]];
  const one = (options: object) => quantizeEmbeddings(rows, "uint8", options).map(([value]) => value);
  const calibrationEmbeddings = [[0], [0.5], [2.55]];
  assert.deepEqual(one({ ranges: [[0], [25.5]], calibrationEmbeddings }), [5, 2]);
  assert.deepEqual(one({ calibrationEmbeddings }), [50, 25]);
  assert.deepEqual(one(quiet), [255, 0]);
});

test("ranges from fewer than 100 embeddings come with a warning", () => {
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  quantizeEmbeddings(fineVectors(1, 100, 2), "int8", { onWarning });
  quantizeEmbeddings(fineVectors(1, 99, 2), "binary", { onWarning });
  quantizeEmbeddings([], "int8", { onWarning });
  quantizeEmbeddings([[1]], "int8", { onWarning, ranges: [[0], [1]] });
  assert.deepEqual(warnings, []);
  quantizeEmbeddings(fineVectors(1, 99, 2), "int8", { onWarning });
  quantizeEmbeddings([1], "uint8", { onWarning });
  assert.deepEqual(warnings, [
    "quantizeEmbeddings: the int8 ranges come from 99 embeddings; they are more stable with `ranges`, or `calibrationEmbeddings`, from more",
    "quantizeEmbeddings: the uint8 ranges come from 1 embedding; they are more stable with `ranges`, or `calibrationEmbeddings`, from more",
  ]);
});

test("results come in the container of the embeddings, in new memory", () => {
  const vector = Float32Array.of(3, -4);
  assert.deepEqual(quantizeEmbeddings(vector, "ubinary"), Uint8Array.of(128));
  assert.deepEqual(quantizeEmbeddings([vector], "ubinary"), [Uint8Array.of(128)]);
  const quantized = quantizeEmbeddings(Tensor.from(vector, [1, 2]), "ubinary");
  assert.deepEqual([quantized.dtype, quantized.shape], ["uint8", [1, 1]]);
  assert.deepEqual(quantizeEmbeddings(Tensor.from(vector), "ubinary").shape, [1]);

  const copy = quantizeEmbeddings(vector, "float32");
  assert.deepEqual(copy, vector);
  assert.notEqual(copy.buffer, vector.buffer);
  const [first, second] = quantizeEmbeddings(
    [
      [1.1, 2],
      [3, 4],
    ],
    "float32",
  );
  assert.deepEqual([first, second], [Float32Array.of(1.1, 2), Float32Array.of(3, 4)]);
  assert.notEqual(first!.buffer, second!.buffer);

  assert.deepEqual(normalizeEmbeddings(vector), Float32Array.of(0.6, -0.8));
  assert.deepEqual(
    normalizeEmbeddings([
      [0, 2],
      [0, 0],
    ]),
    [Float32Array.of(0, 1), Float32Array.of(0, 0)],
  );
  assert.deepEqual(normalizeEmbeddings(Tensor.from(vector)).shape, [2]);
  assert.deepEqual(normalizeEmbeddings(Tensor.from(vector, [1, 2])).toArray(), [
    [0.6, -0.8].map(Math.fround),
  ]);

  assert.deepEqual(truncateEmbeddings(vector, 1), Float32Array.of(3));
  assert.deepEqual(truncateEmbeddings([[1, 2, 3]], 2), [[1, 2]]);
  assert.deepEqual(truncateEmbeddings([Int8Array.of(1, 2)], 9), [Int8Array.of(1, 2)]);
  assert.deepEqual(truncateEmbeddings(Tensor.from(Int8Array.of(1, 2, 3, 4), [2, 2]), 1).toArray(), [
    [1],
    [3],
  ]);
  const whole = truncateEmbeddings(vector, null);
  assert.deepEqual(whole, vector);
  assert.notEqual(whole.buffer, vector.buffer);
});

test("normalized vectors have length 1 and keep their direction", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 9 }), (seed, dimension) => {
      for (const [i, row] of normalizeEmbeddings(fineVectors(seed, 5, dimension)).entries()) {
        assert.ok(Math.abs(Math.hypot(...row) - 1) < 1e-6);
        const original = fineVectors(seed, 5, dimension)[i]!;
        assert.ok(row.every((value, d) => Math.sign(value) === Math.sign(original[d]!)));
      }
    }),
  );
});

test("what does not fit is refused", () => {
  const rows = [[1, 2, 3]];
  const mistakes: readonly (readonly [() => unknown, name: string, message: string])[] = [
    [
      () => quantizeEmbeddings(rows, "int4" as "int8"),
      "ArgumentError",
      'quantizeEmbeddings: expected float32, int8, uint8, binary or ubinary as precision, got "int4"',
    ],
    [
      () => quantizeEmbeddings([Int8Array.of(1)], "int8"),
      "ArgumentError",
      "quantizeEmbeddings: expected float vectors, got int8",
    ],
    [
      () => quantizeEmbeddings(rows, "int8", { ranges: rows }),
      "ShapeError",
      "quantizeEmbeddings: expected ranges [2, dimension], got [1, 3]",
    ],
    [
      () => quantizeEmbeddings([[1]], "int8", { ranges }),
      "ShapeError",
      "quantizeEmbeddings: embeddings and ranges: expected vectors of equal length, got 1 and 3 dimensions",
    ],
    [
      () => quantizeEmbeddings(rows, "int8", { calibrationEmbeddings: [] }),
      "ArgumentError",
      "quantizeEmbeddings: expected at least one of calibrationEmbeddings, got none",
    ],
    [
      () => truncateEmbeddings(rows, 0),
      "ArgumentError",
      "truncateDim: expected a whole number from 1 on, got 0",
    ],
  ];
  for (const [mistake, name, message] of mistakes) assert.throws(mistake, { name, message });
});
