import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  pairwiseAngleSim,
  pairwiseCosSim,
  pairwiseDotScore,
  pairwiseEuclideanSim,
  pairwiseManhattanSim,
} from "../../src/similarity/pairwise-similarity.ts";
import { cosSim, dotScore, euclideanSim, manhattanSim } from "../../src/similarity/similarity.ts";
import type { SimilarityFunctionName } from "../../src/similarity/similarity-function-name.ts";
import { pairwiseSimilarityFunction, similarityFunction } from "../../src/similarity/similarity-functions.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { coarseVectors, fineVectors, naiveScore, names } from "./support.ts";

const functions = { cosine: cosSim, dot: dotScore, euclidean: euclideanSim, manhattan: manhattanSim };
const pairwise = {
  cosine: pairwiseCosSim,
  dot: pairwiseDotScore,
  euclidean: pairwiseEuclideanSim,
  manhattan: pairwiseManhattanSim,
};

const sizes = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }), fc.nat(11));

for (const name of names) {
  test(`${name}: the name stands for its two functions`, () => {
    assert.equal(similarityFunction(name), functions[name]);
    assert.equal(pairwiseSimilarityFunction(name), pairwise[name]);
  });

  test(`${name}: element [i, j] compares a[i] with b[j], and pair i compares a[i] with b[i]`, () => {
    fc.assert(
      fc.property(sizes, ([seed, n, m, dimension]) => {
        const a = fineVectors(seed, n, dimension + 1);
        const b = coarseVectors(seed + 1, m, dimension + 1);
        const scores = functions[name](a, b);
        assert.equal(scores.dtype, "float32");
        assert.deepEqual(scores.shape, [n, m]);
        assert.deepEqual(
          Array.from(scores.data),
          a.flatMap((x) => b.map((y) => Math.fround(naiveScore(name, x, y)))).map(nearest(scores)),
        );
        const pairs = pairwise[name](a.slice(0, m), b.slice(0, n));
        assert.deepEqual(pairs.shape, [Math.min(n, m)]);
        for (const [i, score] of pairs.data.entries()) assert.equal(score, scores.data[i * m + i]);
      }),
    );
  });

  test(`${name}: large matrices are as right as f32 sums can be`, () => {
    const a = fineVectors(1, 70, 64);
    const b = fineVectors(2, 1100, 64);
    const scores = functions[name](a, b);
    assert.deepEqual(scores.shape, [70, 1100]);
    for (let i = 0; i < 70; i++) {
      for (let j = 0; j < 1100; j++) {
        // 64 terms, each rounded: (64 + 4) · 2⁻²⁴ of the product of the lengths.
        const scale =
          name === "dot" ? Math.sqrt(naiveScore("dot", a[i]!, a[i]!) * naiveScore("dot", b[j]!, b[j]!)) : 1;
        const bound = name === "cosine" || name === "dot" ? 68 * 2 ** -24 * scale : 0;
        const expected = Math.fround(naiveScore(name, a[i]!, b[j]!));
        const slack = 2 ** -23 * Math.abs(expected);
        assert.ok(Math.abs(scores.data[i * 1100 + j]! - expected) <= bound + slack, `[${i}, ${j}]`);
      }
    }
  });
}

/** The sums run in another order here and there: the last bit of f32 may differ. */
function nearest(scores: Tensor): (expected: number, index: number) => number {
  return (expected, index) => {
    const found = scores.data[index]!;
    return Math.abs(found - expected) <= 2 ** -23 * Math.abs(expected) + 1e-12 ? found : expected;
  };
}

test("one vector is a matrix of one row, in every form that vectors come in", () => {
  const expected = [1, 0];
  const matrix = [
    [3, 4],
    [-4, 3],
  ];
  for (const one of [[3, 4], Float32Array.of(3, 4), Float64Array.of(3, 4), [[3, 4]], Tensor.from([3, 4])]) {
    for (const many of [
      matrix,
      matrix.map((row) => Float32Array.from(row)),
      Tensor.from([3, 4, -4, 3], [2, 2]),
    ]) {
      const scores = cosSim(one, many);
      assert.deepEqual(scores.shape, [1, 2]);
      assert.deepEqual(Array.from(scores.data), expected);
      assert.deepEqual(Array.from(pairwiseCosSim(one, many).data), expected);
    }
  }
});

test("a tensor may be a view with other strides", () => {
  const matrix = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
  assert.deepEqual(dotScore(matrix.transpose(), matrix.transpose()).toArray(), [
    [17, 22, 27],
    [22, 29, 36],
    [27, 36, 45],
  ]);
});

test("the cosine with a vector of zeros is 0, and tiny vectors are divided by 1e-12 at least", () => {
  assert.deepEqual(Array.from(cosSim([0, 0], [1, 2]).data), [0]);
  assert.deepEqual(Array.from(cosSim([1e-13, 0], [2, 0]).data), [Math.fround(0.1)]);
});

test("the angle of vectors with an odd dimension is that of vectors with a zero more", () => {
  const [a, b] = [fineVectors(1, 4, 5), fineVectors(2, 4, 5)];
  const longer = (vectors: readonly Float32Array[]) => vectors.map((vector) => [...vector, 0]);
  assert.deepEqual(pairwiseAngleSim(a, b).data, pairwiseAngleSim(longer(a), longer(b)).data);
  assert.deepEqual(Array.from(pairwiseAngleSim([0, 0], [1, 2]).data), [Number.NaN]);
});

test("integers are compared by dot product only", () => {
  const vector = Int8Array.of(1, 2);
  assert.deepEqual(Array.from(dotScore(vector, [vector]).data), [5]);
  for (const name of names.filter((each: SimilarityFunctionName) => each !== "dot")) {
    assert.throws(() => functions[name](vector, [1, 2]), { name: "ArgumentError", message: /got int8/ });
    assert.throws(() => pairwise[name]([1, 2], vector), { name: "ArgumentError", message: /got int8/ });
  }
});

test("what does not fit is refused by the function's name", () => {
  const mistakes: readonly (readonly [() => unknown, name: string, message: string])[] = [
    [
      () => cosSim([1, 2], [1, 2, 3]),
      "ShapeError",
      "cosSim: expected vectors of equal length, got 2 and 3 dimensions",
    ],
    [
      () => dotScore([[1, 2], [1]], [1, 2]),
      "ShapeError",
      "dotScore: expected vectors of equal length, got 2 dimensions in vector 0 and 1 in vector 1",
    ],
    [
      () => euclideanSim(Tensor.from(new Float32Array(8), [2, 2, 2]), [1, 2]),
      "ShapeError",
      "euclideanSim: expected a tensor [dimension] or [count, dimension], got [2, 2, 2]",
    ],
    [
      () => pairwiseCosSim(coarseVectors(1, 3, 2), coarseVectors(1, 2, 2)),
      "ShapeError",
      "pairwiseCosSim: expected as many vectors on both sides, got 3 and 2",
    ],
    [
      () => manhattanSim("abc" as unknown as number[], [1]),
      "ArgumentError",
      "manhattanSim: expected a vector, an array of vectors or a tensor, got string",
    ],
    [
      () => cosSim(null as unknown as number[], [1]),
      "ArgumentError",
      "cosSim: expected a vector, an array of vectors or a tensor, got null",
    ],
    [
      () => cosSim([[1, "2" as unknown as number]], [1, 2]),
      "ArgumentError",
      "cosSim: expected a number in dimension 1 of vector 0, got string",
    ],
    [
      () => cosSim([new Map() as unknown as number[]], [1, 2]),
      "ArgumentError",
      "cosSim: expected vector 0 to hold numbers, got Map",
    ],
    [
      () => dotScore([Float32Array.of(1), Int8Array.of(1)], [1]),
      "ArgumentError",
      "dotScore: expected vectors of one type, got float32 in vector 0 and int8 in vector 1",
    ],
    [
      () => similarityFunction("toString" as "dot"),
      "ArgumentError",
      'similarity function: expected cosine, dot, euclidean, manhattan, got "toString"',
    ],
  ];
  for (const [mistake, name, message] of mistakes) assert.throws(mistake, { name, message });
});
