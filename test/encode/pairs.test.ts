/** Pairs of texts through tokenization, batches, the modules and workers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type EncodeJob, runJob } from "../../src/encode/job.ts";
import { tokenEmbeddings } from "../../src/encode/outputs.ts";
import { Pipeline } from "../../src/encode/pipeline.ts";
import { AutoModel, AutoTokenizer, Transformer } from "../../src/index.ts";
import type { TextOrPair } from "../../src/tokenizer/tokenizer.ts";
import { EncodingPool } from "../../src/workers/encoding-pool.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { inProcessWorkers } from "../workers/in-process-workers.ts";
import { poolModel } from "../workers/pool-model.ts";

const LIMIT = 24;
const pairs: readonly (readonly [string, string])[] = [
  ["Where is the library?", "The library moved in 2024."],
  ["Where?", "In 2024 it moved back; the weather was much colder than it had been for years."],
  ["In 2024 it moved back; the weather was much colder than it had been for years.", "When?"],
  ["In 2024 it moved back; the weather was colder then.", "The weather was colder than it had been then."],
  ["", "an empty text before it"],
  ["", ""],
];
const job: EncodeJob = { prompt: null, task: null, batchSize: 4, truncateDim: null, normalize: false };

for (const name of ["bert-gelu", "roberta-mean", "mpnet-mean", "distilbert-mean"]) {
  test(`${name}: the token vectors of a pair are those of AutoTokenizer and AutoModel, bit for bit`, async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(modelFolder(name));
    const model = await AutoModel.fromPretrained(modelFolder(name), { threads: 1 });
    const transformer = await Transformer.fromPretrained(modelFolder(name), {
      threads: 1,
      maxSeqLength: LIMIT,
    });
    const pipeline = new Pipeline([transformer]);
    const single = "One text among the pairs.";
    const texts: readonly TextOrPair[] = [...pairs, single];
    const tokens = await runJob(pipeline, tokenEmbeddings, texts, job);
    for (const [i, text] of texts.entries()) {
      const inputs = tokenizer([text], { truncation: true, maxLength: LIMIT });
      const { lastHiddenState } = await model(inputs);
      assert.deepEqual(tokens[i]!.shape, lastHiddenState.shape.slice(1));
      assert.deepEqual(tokens[i]!.data, lastHiddenState.data, JSON.stringify(text));
      const given = transformer.tokenize(text);
      const types = name === "bert-gelu" ? inputs.tokenTypeIds!.data : undefined;
      assert.deepEqual(given.tokenTypeIds ?? (types && new Int32Array(types.length)), types);
      const whole = tokenizer([text]).inputIds.shape[1];
      assert.equal(transformer.countTokens(text), whole);
      assert.equal(given.truncated, whole > LIMIT);
    }
    assert.ok(
      pairs.some((pair) => transformer.tokenize(pair).truncated) && !transformer.tokenize(single).truncated,
    );
    await pipeline.dispose();
    await model.dispose();
  });
}

test("the types of a pair count: the second text is not the first one's", async () => {
  const transformer = await Transformer.fromPretrained(modelFolder("bert-gelu"), { threads: 1 });
  const types = transformer.tokenize(["the library", "the weather"]).tokenTypeIds!;
  assert.deepEqual([...new Set(types)], [0, 1]);
  assert.equal(transformer.tokenize("the library").tokenTypeIds, null);
  transformer.dispose();
});

test("a prompt stands before the first text of a pair", async () => {
  const transformer = await Transformer.fromPretrained(modelFolder("bert-gelu"), { threads: 1 });
  const pipeline = new Pipeline([transformer]);
  const [prompted] = await runJob(pipeline, tokenEmbeddings, [["a", "b"]], { ...job, prompt: "query: " });
  const [written] = await runJob(pipeline, tokenEmbeddings, [["query: a", "b"]], job);
  assert.deepEqual(prompted!.data, written!.data);
  await pipeline.dispose();
});

test("workers encode pairs with the bits of one thread", async () => {
  const pool = await EncodingPool.start(await poolModel(modelFolder("bert-gelu")), ["cpu", "cpu"], {
    spawn: inProcessWorkers().spawn,
  });
  const run = { maxSeqLength: LIMIT, chunkSize: 2, signal: undefined, onChunk: undefined };
  const there = await pool.run(tokenEmbeddings, pairs, job, run);
  await pool.stop();

  const transformer = await Transformer.fromPretrained(modelFolder("bert-gelu"), { maxSeqLength: LIMIT });
  const pipeline = new Pipeline([transformer]);
  const here = await runJob(pipeline, tokenEmbeddings, pairs, job);
  await pipeline.dispose();
  assert.deepEqual(
    there.map(({ data }) => data),
    here.map(({ data }) => data),
  );
});
