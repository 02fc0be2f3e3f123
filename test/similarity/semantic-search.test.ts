import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ArgumentError, ShapeError } from "../../src/errors.ts";
import { semanticSearch, semanticSearchAsync } from "../../src/similarity/semantic-search.ts";
import { cosSim, dotScore, euclideanSim, manhattanSim } from "../../src/similarity/similarity.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { closeVectors, coarseVectors, fineVectors, naiveSearch, names, watchedBackend } from "./support.ts";

const functions = { cosine: cosSim, dot: dotScore, euclidean: euclideanSim, manhattan: manhattanSim };

const sizes = fc.record({
  seed: fc.nat(),
  queries: fc.integer({ min: 0, max: 6 }),
  corpus: fc.integer({ min: 0, max: 40 }),
  dimension: fc.integer({ min: 1, max: 4 }),
  topK: fc.integer({ min: 0, max: 45 }),
  queryChunkSize: fc.integer({ min: 1, max: 7 }),
  corpusChunkSize: fc.integer({ min: 1, max: 50 }),
});

test("the hits are those that scoring and sorting everything gives, ties by the lower id", () => {
  let ties = 0;
  fc.assert(
    fc.property(sizes, fc.constantFrom(...names), (size, scoreFunction) => {
      const { topK, queryChunkSize, corpusChunkSize } = size;
      const queries = coarseVectors(size.seed, size.queries, size.dimension);
      const corpus = coarseVectors(size.seed + 1, size.corpus, size.dimension);
      const hits = semanticSearch(queries, corpus, { topK, queryChunkSize, corpusChunkSize, scoreFunction });
      assert.deepEqual(hits, naiveSearch(scoreFunction, queries, corpus, topK));
      ties += hits.flat().filter(({ score }, i, all) => score === all[i - 1]?.score).length;
    }),
  );
  assert.ok(ties > 100, "the premise needs equal scores");
});

test("a score function of the caller's own gives the same hits, whatever the chunk sizes", () => {
  fc.assert(
    fc.property(sizes, fc.constantFrom(...names), (size, name) => {
      const { topK, queryChunkSize, corpusChunkSize } = size;
      const queries = coarseVectors(size.seed, size.queries, size.dimension);
      const corpus = coarseVectors(size.seed + 1, size.corpus, size.dimension);
      const own = (a: Tensor, b: Tensor) => {
        assert.ok(a.shape[0]! <= queryChunkSize && b.shape[0]! <= corpusChunkSize);
        return functions[name](a, b);
      };
      assert.deepEqual(
        semanticSearch(queries, corpus, { topK, queryChunkSize, corpusChunkSize, scoreFunction: own }),
        naiveSearch(name, queries, corpus, topK),
      );
    }),
  );
});

for (const name of names.filter((each) => each !== "manhattan")) {
  for (const [kind, vectors] of [
    ["coarse", coarseVectors],
    ["fine", fineVectors],
    ["close", closeVectors],
  ] as const) {
    test(`${name} similarity of ${kind} vectors on a backend: the exact hits, however it rounds`, () => {
      const [queries, corpus] = [vectors(1, 70, 64), vectors(2, 1100, 64)];
      corpus[3] = queries[5]!.slice();
      corpus[900] = queries[5]!.slice();
      corpus[17]!.fill(0);
      queries[6]!.fill(0);
      const expected = naiveSearch(name, queries, corpus, 9);
      const error = 60 * 2 ** -24; // with the rounding of the backend itself, what the analysis allows 64 terms
      for (const sign of [0, 1, -1]) {
        const { backend, products, held } = watchedBackend((i) => (i % 3 === 0 ? -sign : sign) * error);
        const hits = semanticSearch(queries, corpus, { topK: 9, scoreFunction: name, backend });
        assert.ok(products() > 1, "the premise needs several blocks");
        assert.deepEqual(hits, expected);
        assert.equal(held(), 0);
      }
    });
  }
}

test("many queries are packed block by block", () => {
  const queries = fineVectors(3, 1500, 32);
  const corpus = fineVectors(4, 100, 32);
  const { backend, products } = watchedBackend();
  const hits = semanticSearch(queries, corpus, { topK: 3, backend });
  assert.equal(products(), 2);
  assert.deepEqual(hits, naiveSearch("cosine", queries, corpus, 3));
});

test("memory on the backend does not grow with the corpus", () => {
  const queries = fineVectors(3, 100, 64);
  const most = [1000, 4000].map((count) => {
    const watched = watchedBackend();
    semanticSearch(queries, fineVectors(4, count, 64), { backend: watched.backend });
    return watched.most();
  });
  assert.ok(most[0]! > 0);
  assert.equal(most[0], most[1]);
});

test("the asynchronous form gives the same, also on a backend that cannot be read at once", async () => {
  const queries = fineVectors(5, 70, 64);
  const corpus = fineVectors(6, 1100, 64);
  const { backend, products, held } = watchedBackend(undefined, false);
  const hits = await semanticSearchAsync(queries, corpus, { backend });
  assert.ok(products() > 1);
  assert.equal(held(), 0);
  assert.deepEqual(hits, semanticSearch(queries, corpus));
  assert.throws(() => semanticSearch(queries, corpus, { backend }), {
    name: "ArgumentError",
    code: "tensor-on-backend",
  });
  assert.equal(held(), 0);
});

test("an aborted search gives its memory back and rejects with the signal's reason", async () => {
  const controller = new AbortController();
  const watched = watchedBackend(() => {
    controller.abort(new Error("enough"));
    return 0;
  });
  const search = semanticSearchAsync(fineVectors(5, 70, 64), fineVectors(6, 1100, 64), {
    backend: watched.backend,
    signal: controller.signal,
  });
  await assert.rejects(search, { message: "enough" });
  assert.equal(watched.products(), 2); // the second was enqueued before the first was read
  assert.equal(watched.held(), 0);
});

test("a score that is not a number ranks below all others, in both paths", () => {
  const small = semanticSearch(
    [1, 1],
    [
      [Number.NaN, 1],
      [-1, -1],
      [1, 1],
    ],
  );
  assert.deepEqual(
    small[0]!.map(({ corpusId }) => corpusId),
    [2, 1, 0],
  );
  assert.deepEqual(small[0]!.at(-1), { corpusId: 0, score: Number.NaN });

  const corpus = fineVectors(8, 1100, 64);
  corpus[0]!.fill(Number.NaN);
  corpus[1]!.fill(Number.POSITIVE_INFINITY);
  const hits = semanticSearch(fineVectors(7, 70, 64), corpus, { topK: 5 });
  assert.ok(hits.flat().every(({ corpusId, score }) => corpusId > 1 && !Number.isNaN(score)));
});

test("lengths that overflow f32 when squared do not disturb a search", () => {
  const queries = fineVectors(9, 70, 64).map((v) => v.map((x) => x * 1e18));
  const corpus = fineVectors(10, 1100, 64).map((v) => v.map((x) => x * 1e18));
  assert.deepEqual(semanticSearch(queries, corpus), naiveSearch("cosine", queries, corpus, 10));
  const scoreFunction = "euclidean";
  assert.deepEqual(
    semanticSearch(queries, corpus, { scoreFunction }),
    naiveSearch(scoreFunction, queries, corpus, 10),
  );
});

test("one vector is one query, and vectors, plain numbers and tensors are the same corpus", () => {
  const corpus = fineVectors(11, 12, 5);
  const query = corpus[4]!;
  const expected = naiveSearch("cosine", [query], corpus, 3);
  const flat = Tensor.from(
    corpus.flatMap((vector) => Array.from(vector)),
    [12, 5],
  );
  for (const rows of [corpus, corpus.map((vector) => Array.from(vector)), flat]) {
    for (const one of [query, Array.from(query), [query], Tensor.from(query)]) {
      assert.deepEqual(semanticSearch(one, rows, { topK: 3 }), expected);
    }
  }
});

test("no queries have no results, and nothing is found in an empty corpus", () => {
  assert.deepEqual(semanticSearch([], [[1, 2]]), []);
  assert.deepEqual(semanticSearch([[1, 2]], []), [[]]);
});

test("what does not fit is refused", () => {
  const rows = [[1, 2]];
  assert.throws(() => semanticSearch([1, 2, 3], rows), {
    name: "ShapeError",
    code: "dimension-mismatch",
    message: /^semanticSearch: /,
  });
  for (const [options, message] of [
    [{ topK: -1 }, "topK: expected a whole number from 0 on, got -1"],
    [{ topK: 1.5 }, "topK: expected a whole number from 0 on, got 1.5"],
    [{ queryChunkSize: 0 }, "queryChunkSize: expected a whole number from 1 on, got 0"],
    [{ corpusChunkSize: Number.NaN }, "corpusChunkSize: expected a whole number from 1 on, got NaN"],
    [
      { scoreFunction: "cos" as "cosine" },
      'similarity function: expected cosine, dot, euclidean, manhattan, got "cos"',
    ],
  ] as const) {
    assert.throws(() => semanticSearch(rows, rows, options), { name: "ArgumentError", message });
  }
  const wrong = () => Tensor.from([1, 2], [1, 2]);
  assert.throws(() => semanticSearch(rows, rows, { scoreFunction: wrong }), ShapeError);
  assert.throws(
    () => semanticSearch(rows, rows, { scoreFunction: (() => [[1]]) as unknown as typeof wrong }),
    ArgumentError,
  );
});

test("quantized vectors are searched by their dot products alone", () => {
  const corpus = [Int8Array.of(100, 100), Int8Array.of(-128, 127)];
  assert.deepEqual(semanticSearch(Int8Array.of(-128, 0), corpus, { scoreFunction: "dot" }), [
    [
      { corpusId: 1, score: 16384 },
      { corpusId: 0, score: -12800 },
    ],
  ]);
  assert.throws(() => semanticSearch([[1, 2]], corpus), {
    name: "ArgumentError",
    code: "unsupported-dtype",
    message: /^semanticSearch: .* got int8/,
  });
});
