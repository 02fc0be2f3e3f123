/** Pools of real threads, through the methods of a model. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test as testOf } from "node:test";
import { promisify } from "node:util";
import { embeddingMatrix } from "../../src/encode/outputs.ts";
import { ArgumentError, Pooling, SentenceTransformer, Transformer, util } from "../../src/index.ts";
import { EncodingPool as Pool } from "../../src/workers/encoding-pool.ts";
import { withSharedData } from "../../src/workers/shared-data.ts";
import { spawnThread } from "../../src/workers/spawn-node.ts";
import type { SpawnWorker, WorkerChannel } from "../../src/workers/worker-channel.ts";
import { loadWorkerProgram } from "../../src/workers/worker-program.ts";
import { builtEntry } from "../helpers/built.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { inProcessWorkers } from "./in-process-workers.ts";
import { poolModel } from "./pool-model.ts";

/** What hangs is to fail. */
const test = (name: string, body: () => Promise<void>) => testOf(name, { timeout: 60_000 }, body);

const texts = Array.from({ length: 31 }, (_, i) => `text ${i} ${"word ".repeat((i * 5) % 9)}`);

/** Runs a program of its own. Any exit code but 0 rejects. */
function run(source: string) {
  return promisify(execFile)(process.execPath, ["--input-type=module", "--eval", source], {
    timeout: 60_000,
  });
}

const model = await SentenceTransformer.load(modelFolder("bert-mean"), {
  prompts: { query: "q " },
  threads: 1,
});
const expected = await model.encode(texts);
const pool = await model.startMultiProcessPool(["cpu", "cpu"]);

test("encode with a pool gives the bits, types and order of encode", async () => {
  assert.deepEqual(pool.devices, ["cpu", "cpu"]);
  assert.deepEqual(await model.encode(texts, { pool }), expected);
  assert.deepEqual(await model.encodeMultiProcess(texts, pool, { chunkSize: 4 }), expected);
  assert.deepEqual(await model.encode(texts[1]!, { pool }), expected[1]);
  assert.deepEqual(await model.encode([], { pool }), []);
  assert.deepEqual(
    await model.encodeQuery(texts, { pool, normalizeEmbeddings: true }),
    await model.encodeQuery(texts, { normalizeEmbeddings: true }),
  );
  const options = { outputValue: "token_embeddings" } as const;
  assert.deepEqual(await model.encode(texts, { ...options, pool }), await model.encode(texts, options));
});

test("what was set after the pool was started counts", async () => {
  const before = model.maxSeqLength;
  model.maxSeqLength = 7;
  model.truncateDim = 9;
  model.defaultPromptName = "query";
  assert.deepEqual(await model.encode(texts, { pool }), await model.encode(texts));
  model.maxSeqLength = before;
  model.truncateDim = null;
  model.defaultPromptName = null;
  assert.deepEqual(await model.encode(texts, { pool }), expected);
});

test("embeddings are quantized once, after the merge", async () => {
  const precision = "int8";
  const quantized = util.quantizeEmbeddings(expected, precision, { onWarning: () => {} });
  const { warn } = console;
  let warnings = 0;
  console.warn = () => warnings++;
  try {
    assert.deepEqual(await model.encode(texts, { pool, precision, chunkSize: 2 }), quantized);
  } finally {
    console.warn = warn;
  }
  assert.equal(warnings, 1);
});

test("a stream goes through a pool, too", async () => {
  const results: Float32Array[] = [];
  for await (const { embedding } of model.encodeStream(texts, { pool, batchSize: 1 }))
    results.push(embedding);
  assert.deepEqual(results, expected);
});

test("a list of devices is a pool for one call", async () => {
  const device = ["cpu"] as const;
  assert.deepEqual(await model.encode(texts, { device }), expected);
  assert.deepEqual(await model.encode("one", { device: "cpu" }), await model.encode("one"));
});

test("a thread that is killed in the middle costs nothing but time", async () => {
  let chunks = 0;
  const others = inProcessWorkers();
  let thread: WorkerChannel | undefined;
  const program = withSharedData(await loadWorkerProgram());
  const spawn: SpawnWorker = (events) => {
    if (thread !== undefined) return others.spawn(events);
    const channel = spawnThread(program, events);
    thread = {
      ...channel,
      post: (message) => {
        channel.post(message);
        if (message.kind === "encode" && ++chunks === 1) void channel.terminate();
      },
    };
    return thread;
  };
  const own = await Pool.start(await poolModel(modelFolder("bert-mean")), ["cpu", "cpu"], {
    spawn,
  });
  const job = { prompt: null, task: null, batchSize: 32, truncateDim: null, normalize: false };
  const { data, dimension } = await own.run(embeddingMatrix, texts, job, {
    maxSeqLength: null,
    chunkSize: 3,
    signal: undefined,
    onChunk: undefined,
  });
  assert.deepEqual(
    texts.map((_, i) => data.slice(i * dimension, (i + 1) * dimension)),
    expected,
  );
  // Its last chunk may have been done, and its end be told only after all the others.
  for (let waited = 0; own.size > 1 && waited < 5000; waited += 10) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(own.size, 1);
  await own.stop();
});

test("what cannot be is refused", async () => {
  await assert.rejects(model.encode(texts, { device: ["cpu", "cuda"] as never }), {
    name: "UnsupportedError",
    message: 'device "cuda" is not supported; known: "cpu"',
  });
  await assert.rejects(model.startMultiProcessPool([]), ArgumentError);
  await assert.rejects(model.encode(texts, { pool, chunkSize: 0 }), /chunkSize: expected a whole number/);
  await assert.rejects(model.encode(texts, { pool: {} as never }), {
    code: "pool-not-of-model",
    subject: "pool",
  });
  const other = await SentenceTransformer.load(modelFolder("bert-mean"), { threads: 1 });
  await assert.rejects(other.encode(texts, { pool }), {
    code: "pool-not-of-model",
    subject: "pool",
  });
  await other.dispose();

  const transformer = await Transformer.fromPretrained(modelFolder("bert-mean"));
  const { embeddingDimension } = transformer;
  const custom = new SentenceTransformer({ modules: [transformer, new Pooling({ embeddingDimension })] });
  await assert.rejects(custom.startMultiProcessPool(), { code: "pool-needs-files" });
  await custom.dispose();
});

test("an idle pool does not keep the process alive, and a busy one does", async () => {
  const source = `
    import { SentenceTransformer } from ${JSON.stringify(builtEntry)};
    const model = await SentenceTransformer.load(${JSON.stringify(modelFolder("bert-mean"))});
    const pool = await model.startMultiProcessPool(["cpu"]);
    model.encode(["a", "b", "c"], { pool, chunkSize: 1 }).then((vectors) => console.log(vectors.length));`;
  assert.equal((await run(source)).stdout, "3\n");
});

test("a program that stops a busy pool, in any way, goes on behind it", async () => {
  const source = `
    import { SentenceTransformer } from ${JSON.stringify(builtEntry)};
    const texts = new Array(200).fill("a text");
    for (const stop of [
      (model, pool) => model.stopMultiProcessPool(pool),
      (model, pool) => Promise.all([pool.stop(), pool.stop()]),
      (model, pool) => pool[Symbol.asyncDispose](),
      (model) => model.dispose(),
    ]) {
      const model = await SentenceTransformer.load(${JSON.stringify(modelFolder("bert-mean"))}, { threads: 1 });
      const pool = await model.startMultiProcessPool(["cpu"]);
      const running = model.encode(texts, { pool, chunkSize: 1 }).then(() => "done", ({ name }) => name);
      await new Promise((resolve) => setTimeout(resolve));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100); // an answer comes, and is not read yet
      await stop(model, pool);
      console.log(await running);
    }`;
  assert.equal((await run(source)).stdout, "PoolError\n".repeat(4));
});

test("a stopped pool takes no more work", async () => {
  const running = assert.rejects(model.encode(new Array(2000).fill("a text"), { pool }), {
    name: "PoolError",
  });
  await model.stopMultiProcessPool(pool);
  await running;
  assert.equal(pool.size, 0);
  await assert.rejects(model.encode(texts, { pool }), /has been stopped/);
});

test("a disposed model has stopped its pools", async () => {
  const last = await model.startMultiProcessPool(["cpu"]);
  await model.dispose();
  assert.equal(last.size, 0);
});
