/** The ES module and the CommonJS build may be loaded side by side: each takes the tensors of the other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "esbuild";
import {
  AutoModel,
  AutoTokenizer,
  clsPooling,
  maxPooling,
  meanPooling,
  SentenceTransformer,
  Tensor,
  type Tensor1D,
  type Tensor2D,
  util,
} from "../../src/index.ts";
import { modelFolder } from "../helpers/fixtures.ts";

/** Another copy of the package, with names that a minifier changed. */
async function otherCopy(): Promise<typeof import("../../src/index.ts")> {
  const { outputFiles } = await build({
    entryPoints: ["src/index.ts"],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    write: false,
    logLevel: "silent",
  });
  const code = Buffer.from(outputFiles[0]!.contents).toString("base64");
  return await import(`data:text/javascript;base64,${code}`);
}

const foreign = (await otherCopy()).Tensor;

/** The same numbers, in a tensor of the other copy. */
function elsewhere(tensor: Tensor): Tensor {
  const other = foreign.from(tensor.data, tensor.shape);
  assert.notEqual(Object.getPrototypeOf(other), Tensor.prototype, "the premise: another class");
  return other;
}

const a = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
const b = Tensor.from([0, 1, 0, 1, 0, 1], [2, 3]);

test("a tensor is one for every copy of the package, and no other value is one", () => {
  assert.ok(elsewhere(a) instanceof Tensor);
  assert.ok(a instanceof foreign);
  assert.equal(foreign.name, "Tensor");
  for (const value of [null, undefined, {}, [1], Float32Array.of(1), Tensor]) {
    assert.ok(!(value instanceof Tensor));
  }
});

test("functions over embeddings take them", () => {
  const [x, y] = [elsewhere(a), elsewhere(b)];
  for (const name of ["cosSim", "dotScore", "euclideanSim", "manhattanSim"] as const) {
    assert.deepEqual(util[name](x, y).toArray(), util[name](a, b).toArray(), name);
  }
  for (const name of ["pairwiseCosSim", "pairwiseDotScore", "pairwiseAngleSim"] as const) {
    const [left, right] = [a, b].map((tensor) => tensor.reshape([3, 2]));
    assert.deepEqual(
      util[name](elsewhere(left!), elsewhere(right!)).toArray(),
      util[name](left!, right!).toArray(),
      name,
    );
  }
  assert.deepEqual(util.semanticSearch(x, y), util.semanticSearch(a, b));
  assert.deepEqual(
    util.semanticSearch(x, y, { scoreFunction: (l, r) => elsewhere(util.dotScore(l, r)) }),
    util.semanticSearch(a, b, { scoreFunction: "dot" }),
  );
  assert.deepEqual(util.paraphraseMiningEmbeddings(x), util.paraphraseMiningEmbeddings(a));
  const communities = { threshold: 0.5, minCommunitySize: 1 };
  assert.deepEqual(util.communityDetection(x, communities), util.communityDetection(a, communities));
  assert.deepEqual(util.normalizeEmbeddings(x).toArray(), util.normalizeEmbeddings(a).toArray());
  assert.deepEqual(util.truncateEmbeddings(x, 2).toArray(), util.truncateEmbeddings(a, 2).toArray());
  const ranges = Tensor.from([0, 0, 0, 6, 6, 6], [2, 3]);
  assert.deepEqual(
    util.quantizeEmbeddings(x, "uint8", { ranges: elsewhere(ranges) }).toArray(),
    util.quantizeEmbeddings(a, "uint8", { ranges }).toArray(),
  );
});

test("files take them", async () => {
  for (const format of ["safetensors", "npy", "jsonl"] as const) {
    assert.deepEqual(
      await util.encodeEmbeddings({ embeddings: elsewhere(a) }, format),
      await util.encodeEmbeddings({ embeddings: a }, format),
      format,
    );
  }
});

test("models and pooling take them", async () => {
  const folder = modelFolder("demo-en");
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const bert = await AutoModel.fromPretrained(folder, { threads: 1 });
  const { inputIds, attentionMask, tokenTypeIds } = tokenizer(["one text", "and a longer one"], {
    padding: true,
  });
  const own = await bert({ inputIds, attentionMask, tokenTypeIds });
  const { lastHiddenState } = await bert({
    inputIds: elsewhere(inputIds),
    attentionMask: elsewhere(attentionMask),
    ...(tokenTypeIds && { tokenTypeIds: elsewhere(tokenTypeIds) }),
  });
  assert.deepEqual(lastHiddenState.toArray(), own.lastHiddenState.toArray());
  for (const pooling of [meanPooling, maxPooling, clsPooling]) {
    assert.deepEqual(
      pooling(elsewhere(lastHiddenState), elsewhere(attentionMask)).toArray(),
      pooling(lastHiddenState, attentionMask).toArray(),
    );
  }
  assert.equal(
    tokenizer.decode(elsewhere(inputIds).row(0) as Tensor1D),
    tokenizer.decode(inputIds.row(0).data),
  );
  // @ts-expect-error: several texts at once
  assert.throws(() => tokenizer.decode(inputIds), { code: "invalid-argument", subject: "ids" });
  assert.equal(tokenizer.decodeBatch(inputIds as Tensor2D).length, 2);
  bert.dispose();

  const model = await SentenceTransformer.load(folder, { threads: 1 });
  assert.deepEqual(model.similarity(elsewhere(a), a).toArray(), model.similarity(a, a).toArray());
  assert.deepEqual(model.similarityPairwise(elsewhere(a), a).toArray(), [1, 1]);
  const quantized = { precision: "uint8", quantizationRanges: undefined } as const;
  const dimension = model.getEmbeddingDimension();
  const ranges = Tensor.from(
    Float32Array.from({ length: 2 * dimension }, (_, i) => (i < dimension ? -1 : 1)),
    [2, dimension],
  );
  assert.deepEqual(
    await model.encode("a text", { ...quantized, quantizationRanges: elsewhere(ranges) }),
    await model.encode("a text", { ...quantized, quantizationRanges: ranges }),
  );
  await model.dispose();
});
