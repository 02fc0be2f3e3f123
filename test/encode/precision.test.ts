/** `precision`, `quantizationRanges`, and the settings of a model that `encode` and `similarity` go by. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { ArgumentError, SentenceTransformer, Tensor, util } from "../../src/index.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { quietly } from "../helpers/quietly.ts";

const texts = Array.from({ length: 9 }, (_, i) => `text ${i} ${"word ".repeat(i)}`);

const model = await SentenceTransformer.load(modelFolder("bert-mean"), { threads: 1 });
const floats = await model.encode(texts);

for (const precision of ["int8", "uint8", "binary", "ubinary"] as const) {
  test(`${precision}: the whole result is quantized at once, whatever the batches`, async () => {
    const expected = await quietly(async () => util.quantizeEmbeddings(floats, precision));
    for (const batchSize of [1, 4, 32]) {
      const vectors = await quietly(() => model.encode(texts, { precision, batchSize }));
      assert.deepEqual(vectors, expected);
    }
    const type = precision === "int8" || precision === "binary" ? Int8Array : Uint8Array;
    assert.ok(expected.every((vector) => vector instanceof type));
    const tensor = await quietly(() => model.encode(texts, { precision, convertToTensor: true }));
    assert.equal(tensor.dtype, type === Int8Array ? "int8" : "uint8");
    assert.deepEqual(
      tensor.toArray(),
      expected.map((vector) => [...vector]),
    );
  });

  test(`${precision}: one text gives one vector, no texts give none`, async () => {
    const one = await quietly(() => model.encode("one", { precision }));
    assert.deepEqual([one], await quietly(() => model.encode(["one"], { precision })));
    assert.deepEqual(await model.encode([], { precision }), []);
    const { shape } = await model.encode([], { precision, convertToTensor: true });
    assert.deepEqual(shape, [0, one.length]);
  });
}

test("the types of vectors follow the precision", async () => {
  const signed: Int8Array[] = await model.encode(["a"], { precision: "binary" });
  const unsigned: Uint8Array = await model.encode("a", { precision: "ubinary" });
  const plain: Float32Array = await model.encode("a", { precision: "float32", batchSize: 1 });
  const tensor: Tensor = await model.encode("a", { precision: "binary", convertToTensor: true });
  assert.deepEqual([...tensor.data], [...signed[0]!]);
  assert.deepEqual(
    [...unsigned].map((byte) => byte - 128),
    [...signed[0]!],
  );
  assert.deepEqual(plain, await model.encode("a"));
});

test("quantization comes after truncation and normalization", async () => {
  const options = { truncateDim: 16, normalizeEmbeddings: true } as const;
  const normalized = await model.encode(texts, options);
  assert.deepEqual(
    await quietly(() => model.encode(texts, { ...options, precision: "int8" })),
    await quietly(async () => util.quantizeEmbeddings(normalized, "int8")),
  );
});

test("with quantizationRanges a text has the same integers in any company, and nobody is warned", async () => {
  const dimension = model.getEmbeddingDimension();
  const quantizationRanges = Tensor.from(
    Float32Array.from({ length: 2 * dimension }, (_, i) => (i < dimension ? -2 : 2)),
    [2, dimension],
  );
  const warn = mock.method(console, "warn", () => {});
  const all = await model.encode(texts, { precision: "uint8", quantizationRanges });
  const alone = await model.encode(texts[3]!, { precision: "uint8", quantizationRanges });
  assert.equal(warn.mock.callCount(), 0);
  await model.encode(texts, { precision: "uint8" });
  assert.equal(warn.mock.callCount(), 1, "the premise: without ranges there is a warning");
  warn.mock.restore();
  assert.deepEqual(alone, all[3]);
});

test("token embeddings are quantized with the ranges of all tokens of all texts", async () => {
  const plain = await model.encode(texts, { outputValue: "token_embeddings" });
  const quantized = await quietly(() =>
    model.encode(texts, { outputValue: "token_embeddings", precision: "int8" }),
  );
  const together = plain.flatMap((tensor) => tensor.toArray() as number[][]);
  const expected = util.quantizeEmbeddings(
    together.map((row) => Float32Array.from(row)),
    "int8",
    { onWarning: () => {} },
  );
  assert.deepEqual(
    quantized.flatMap((tensor) => tensor.toArray()),
    expected.map((row) => [...row]),
  );
  assert.deepEqual(
    quantized.map(({ shape }) => shape),
    plain.map(({ shape }) => shape),
  );
});

test("a precision that does not exist or cannot be is refused before anything is computed", async () => {
  let batches = 0;
  const onProgress = () => batches++;
  await assert.rejects(
    model.encode(texts, { precision: "int4" as never, onProgress }),
    (error: Error) =>
      error instanceof ArgumentError &&
      error.message === 'precision: expected float32, int8, uint8, binary, ubinary, got "int4"',
  );
  await assert.rejects(model.encode(texts, { precision: "int8", outputValue: null, onProgress }), {
    code: "conflicting-options",
    subject: "precision",
  });
  assert.equal(batches, 0);
});

test("similarity compares as similarityFnName says", async () => {
  const own = await SentenceTransformer.load(modelFolder("bert-mean"), { threads: 1 });
  assert.equal(own.similarityFnName, "cosine");
  const [a, b] = [floats.slice(0, 2), floats.slice(2, 5)];
  assert.deepEqual(own.similarity(a, b).shape, [2, 3]);
  assert.deepEqual(own.similarity(a, b).toArray(), util.cosSim(a, b).toArray());
  assert.deepEqual(own.similarityPairwise(a, b.slice(0, 2)).shape, [2]);
  for (const [name, all, pairs] of [
    ["dot", util.dotScore, util.pairwiseDotScore],
    ["euclidean", util.euclideanSim, util.pairwiseEuclideanSim],
    ["manhattan", util.manhattanSim, util.pairwiseManhattanSim],
    ["cosine", util.cosSim, util.pairwiseCosSim],
  ] as const) {
    own.similarityFnName = name;
    assert.deepEqual(own.similarity(a, b).toArray(), all(a, b).toArray());
    assert.deepEqual(own.similarityPairwise(a, b.slice(0, 2)).toArray(), pairs(a, b.slice(0, 2)).toArray());
  }
  assert.throws(() => {
    own.similarityFnName = "cos" as never;
  }, /expected cosine, dot, euclidean, manhattan, got "cos"/);
  assert.equal(own.similarityFnName, "cosine");
  await own.dispose();
  await assert.rejects(
    SentenceTransformer.load(modelFolder("bert-mean"), { similarityFnName: "cos" as never }),
    ArgumentError,
  );
});

test("truncateDim can be set, and null gives all dimensions again", async () => {
  const own = await SentenceTransformer.load(modelFolder("bert-mean"), { truncateDim: 8 });
  const whole = floats[0]!.length;
  assert.equal(own.truncateDim, 8);
  assert.equal(own.getEmbeddingDimension(), 8);
  assert.deepEqual(await own.encode(texts[0]!), floats[0]!.slice(0, 8));
  own.truncateDim = 5;
  assert.deepEqual(await own.encode(texts[0]!), floats[0]!.slice(0, 5));
  assert.deepEqual(await own.encode(texts[0]!, { truncateDim: 6 }), floats[0]!.slice(0, 6));
  assert.deepEqual((await own.encode([], { truncateDim: 6, convertToTensor: true })).shape, [0, 6]);
  own.truncateDim = null;
  assert.equal(own.getEmbeddingDimension(), whole);
  assert.deepEqual(await own.encode(texts[0]!), floats[0]);
  assert.throws(() => {
    own.truncateDim = 0;
  }, /truncateDim: expected a whole number from 1 on, got 0/);
  await own.dispose();
});

test("progress tells how many texts lost their end", async () => {
  const own = await SentenceTransformer.load(modelFolder("bert-mean"), { maxSeqLength: 8 });
  const seen: [number, number, number][] = [];
  await own.encode(["a", "word ".repeat(20), "b", "word ".repeat(30)], {
    batchSize: 1,
    onProgress: (done, total, { truncated }) => seen.push([done, total, truncated]),
  });
  assert.deepEqual(
    seen.map(([done, total]) => [done, total]),
    [
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 4],
    ],
  );
  const truncated = seen.map(([, , count]) => count);
  assert.deepEqual(truncated, [...truncated].sort());
  assert.equal(truncated.at(-1), 2);
  await own.dispose();
});
