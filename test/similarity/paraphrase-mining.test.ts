import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  paraphraseMining,
  paraphraseMiningEmbeddings,
  type ScoredPair,
} from "../../src/similarity/paraphrase-mining.ts";
import type { SimilarityFunctionName } from "../../src/similarity/similarity-function-name.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { coarseVectors, fineVectors, naiveScore, naiveSearch, names, watchedBackend } from "./support.ts";

interface Sizes {
  readonly queryChunkSize: number;
  readonly corpusChunkSize: number;
  readonly topK: number;
  readonly maxPairs: number;
}

/** The reference's loops, with lists for its queue and its set. */
function naiveMining(
  name: SimilarityFunctionName,
  rows: readonly Float32Array[],
  sizes: Sizes,
): ScoredPair[] {
  const compare = (a: ScoredPair, b: ScoredPair) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
  const queue: ScoredPair[] = [];
  let minScore = -1;
  let added = 0;
  for (let first = 0; first < rows.length; first += sizes.corpusChunkSize) {
    const chunk = rows.slice(first, first + sizes.corpusChunkSize);
    const found = naiveSearch(name, rows, chunk, sizes.topK + 1);
    for (const [i, hits] of found.entries()) {
      for (const { corpusId, score } of hits) {
        const j = first + corpusId;
        if (i === j || score <= minScore) continue;
        queue.push([score, i, j]);
        added++;
        if (added >= sizes.maxPairs) minScore = queue.sort(compare).shift()![0];
      }
    }
  }
  const seen = new Set<string>();
  const pairs: ScoredPair[] = [];
  for (const [score, i, j] of queue.sort(compare)) {
    const key = `${Math.min(i, j)} ${Math.max(i, j)}`;
    if (!seen.has(key)) pairs.push([score, Math.min(i, j), Math.max(i, j)]);
    seen.add(key);
  }
  return pairs.sort((a, b) => b[0] - a[0]);
}

const sizes = fc.record({
  queryChunkSize: fc.integer({ min: 1, max: 20 }),
  corpusChunkSize: fc.integer({ min: 1, max: 20 }),
  topK: fc.integer({ min: 0, max: 20 }),
  maxPairs: fc.integer({ min: 1, max: 60 }),
});

test("the pairs are those of the reference's loops, in its order", () => {
  let found = 0;
  fc.assert(
    fc.property(
      sizes,
      fc.nat(),
      fc.nat(16),
      fc.constantFrom(...names),
      (options, seed, count, scoreFunction) => {
        for (const vectors of [coarseVectors, fineVectors]) {
          const rows = vectors(seed, count, 3);
          const pairs = paraphraseMiningEmbeddings(rows, { ...options, scoreFunction });
          assert.deepEqual(pairs, naiveMining(scoreFunction, rows, options));
          found += pairs.length;
        }
      },
    ),
  );
  assert.ok(found > 500);
});

test("one of maxPairs is always pushed out, as in the reference", () => {
  const rows = fineVectors(1, 6, 4);
  assert.equal(paraphraseMiningEmbeddings(rows, { maxPairs: 1 }).length, 0);
  assert.equal(paraphraseMiningEmbeddings(rows, { maxPairs: 3 }).length, 1); // (i, j) and (j, i)
});

test("similarities of -1 and less never count, as in the reference", () => {
  const scoreFunction = "euclidean";
  assert.deepEqual(paraphraseMiningEmbeddings([[0], [0.5], [1.5], [4]], { scoreFunction }), [[-0.5, 0, 1]]);
});

test("many rows are compared on a backend with the same result", () => {
  const rows = fineVectors(5, 400, 48);
  const { backend, products, held } = watchedBackend();
  const options = { topK: 4, maxPairs: 300, queryChunkSize: 300, corpusChunkSize: 500 };
  const pairs = paraphraseMiningEmbeddings(rows, { ...options, backend });
  assert.ok(products() > 1);
  assert.equal(held(), 0);
  assert.deepEqual(pairs, naiveMining("cosine", rows, options));
});

test("a model embeds the sentences once, with what encode is to be told", async () => {
  const calls: unknown[] = [];
  const vectors = coarseVectors(3, 5, 8);
  const model = {
    async encode(texts: readonly string[], options: object) {
      calls.push([texts, options]);
      return Tensor.from(
        vectors.flatMap((vector) => Array.from(vector)),
        [5, 8],
      );
    },
  };
  const texts = ["a", "b", "c", "d", "e"];
  const signal = new AbortController().signal;
  const encoding = {
    batchSize: 3,
    showProgressBar: true,
    truncateDim: 8,
    promptName: "q",
    prompt: "p",
    signal,
  };
  const pairs = await paraphraseMining(model, texts, { ...encoding, topK: 2, maxPairs: 9 });
  assert.deepEqual(calls, [[texts, { ...encoding, convertToTensor: true }]]);
  assert.deepEqual(pairs, paraphraseMiningEmbeddings(vectors, { topK: 2, maxPairs: 9 }));
  assert.ok(
    pairs.every(([score, i, j]) => score === Math.fround(naiveScore("cosine", vectors[i]!, vectors[j]!))),
  );
});

test("sizes that make no sense are refused", () => {
  for (const [options, message] of [
    [{ maxPairs: 0 }, "maxPairs: expected a whole number from 1 on, got 0"],
    [{ topK: -1 }, "topK: expected a whole number from 0 on, got -1"],
    [{ queryChunkSize: 0.5 }, "queryChunkSize: expected a whole number from 1 on, got 0.5"],
    [{ corpusChunkSize: 0 }, "corpusChunkSize: expected a whole number from 1 on, got 0"],
  ] as const) {
    assert.throws(() => paraphraseMiningEmbeddings([[1]], options), { name: "ArgumentError", message });
  }
});
