import assert from "node:assert/strict";
import { test } from "node:test";
import { type Rows, rowsOf } from "../../src/embeddings/rows.ts";
import { type Collector, compare } from "../../src/similarity/compare.ts";
import { measures } from "../../src/similarity/measures.ts";
import { runAtOnce } from "../../src/similarity/steps.ts";
import { TopK } from "../../src/similarity/top-k.ts";
import { fineVectors, watchedBackend } from "./support.ts";

function counting(collector: Collector): Collector & { scored: number } {
  const counter = {
    scored: 0,
    lowest: collector.lowest,
    add(query: number, id: number, score: number) {
      counter.scored++;
      collector.add(query, id, score);
    },
  };
  return counter;
}

for (const name of ["cosine", "dot", "euclidean"] as const) {
  test(`${name} similarity: the product on the backend leaves few pairs to be scored one by one`, () => {
    const queries = rowsOf(fineVectors(1, 100, 48), "test");
    const corpus = rowsOf(fineVectors(2, 3000, 48), "test");
    const { backend, products } = watchedBackend();
    const collector = counting(new TopK(queries.count, 5));
    runAtOnce(compare(queries, corpus, measures[name], collector, backend));
    assert.ok(products() > 1);
    // Of a random order, the first 5 and then every 5/n-th interest: 5 + 5 · ln(3000 / 5) = 37 of 3000.
    assert.ok(collector.scored < 0.03 * queries.count * corpus.count, `${collector.scored} pairs`);
    assert.ok(collector.scored >= 5 * queries.count);
  });
}

test("no backend is made where there is little to compute", () => {
  const few: Rows = rowsOf(fineVectors(1, 3, 48), "test");
  const { backend, products } = watchedBackend();
  const collector = counting(new TopK(3, 5));
  const corpus = rowsOf(fineVectors(2, 3000, 48), "test");
  runAtOnce(compare(few, corpus, measures.cosine, collector, backend));
  assert.equal(products(), 0);
  assert.equal(collector.scored, 9000);
});
