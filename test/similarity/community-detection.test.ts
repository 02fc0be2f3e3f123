import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { communityDetection, communityDetectionAsync } from "../../src/similarity/community-detection.ts";
import { coarseVectors, fineVectors, naiveSearch, watchedBackend } from "./support.ts";

function naiveDetection(
  rows: readonly Float32Array[],
  { threshold, minCommunitySize }: { threshold: number; minCommunitySize: number },
): number[][] {
  const minimum = Math.min(minCommunitySize, rows.length);
  const found = naiveSearch("cosine", rows, rows, rows.length)
    .map((hits) =>
      hits.filter(({ score }) => score >= Math.fround(threshold)).map(({ corpusId }) => corpusId),
    )
    .filter((community) => community.length >= minimum)
    .sort((a, b) => b.length - a.length);
  const used = new Set<number>();
  const communities: number[][] = [];
  for (const community of found) {
    const left = community.filter((id) => !used.has(id));
    if (left.length < minimum) continue;
    communities.push(left);
    for (const id of left) used.add(id);
  }
  return communities.sort((a, b) => b.length - a.length);
}

test("the communities are those of the definition, whatever the batch size", () => {
  let communities = 0;
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(40),
      fc.integer({ min: 1, max: 8 }),
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 50 }),
      (seed, count, minCommunitySize, threshold, batchSize) => {
        const rows = coarseVectors(seed, count, 3);
        const options = { threshold, minCommunitySize };
        const found = communityDetection(rows, { ...options, batchSize });
        assert.deepEqual(found, naiveDetection(rows, options));
        communities += found.length;
      },
    ),
  );
  assert.ok(communities > 30, "the premise: there are communities to find"); // usually 100 to 150
});

test("on a backend the threshold decides by exact scores", async () => {
  const rows = fineVectors(1, 500, 24);
  // The threshold is a score that occurs: it belongs to the community, the next lower one does not.
  const threshold = naiveSearch("cosine", rows.slice(7, 8), rows, 500)[0]![9]!.score;
  const error = 20 * 2 ** -24;
  const options = { threshold, minCommunitySize: 4 };
  const expected = naiveDetection(rows, options);
  assert.ok(expected.length > 1);
  for (const sign of [-1, 0, 1]) {
    const { backend, products, held } = watchedBackend((i) => (i % 2 === 0 ? sign : -sign) * error);
    assert.deepEqual(communityDetection(rows, { ...options, backend }), expected);
    assert.ok(products() > 1);
    assert.equal(held(), 0);
    assert.deepEqual(await communityDetectionAsync(rows, { ...options, backend }), expected);
  }
});

test("fewer embeddings than the smallest community can form one together", () => {
  assert.deepEqual(
    communityDetection([
      [1, 0],
      [1, 0.01],
    ]),
    [[0, 1]],
  );
  assert.deepEqual(
    communityDetection([
      [1, 0],
      [0, 1],
    ]),
    [],
  );
  assert.deepEqual(communityDetection([]), []);
});

test("what makes no sense is refused", () => {
  for (const [options, message] of [
    [{ minCommunitySize: 0 }, "minCommunitySize: expected a whole number from 1 on, got 0"],
    [{ batchSize: 0 }, "batchSize: expected a whole number from 1 on, got 0"],
    [{ threshold: Number.NaN }, "communityDetection: threshold: expected a number, got NaN"],
  ] as const) {
    assert.throws(() => communityDetection([[1]], options), { name: "ArgumentError", message });
  }
});
