/** A pool: the numbers of one thread, whatever happens to its workers. */
import assert from "node:assert/strict";
import { test as testOf } from "node:test";
import type { EncodeJob } from "../../src/encode/job.ts";
import { embeddingMatrix, textFeatures, tokenEmbeddings } from "../../src/encode/outputs.ts";
import {
  ArgumentError,
  FileError,
  type FileSource,
  PoolError,
  SentenceTransformer,
} from "../../src/index.ts";
import { nextMacrotask } from "../../src/runtime/scheduling.ts";
import { checkPlacement } from "../../src/tensor/placement.ts";
import { EncodingPool, type PoolRun } from "../../src/workers/encoding-pool.ts";
import type { SpawnWorker } from "../../src/workers/worker-channel.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { ModelFiles } from "../helpers/model-files.ts";
import { inProcessWorkers, type Observed, type WorkerFaults } from "./in-process-workers.ts";
import { poolModel } from "./pool-model.ts";

/** What hangs is to fail. */
const test = (name: string, body: () => Promise<void>) => testOf(name, { timeout: 60_000 }, body);

const texts = Array.from({ length: 23 }, (_, i) => `text ${i} ${"word ".repeat((i * 5) % 9)}`);
const job: EncodeJob = { prompt: null, task: null, batchSize: 32, truncateDim: null, normalize: false };
const plain: PoolRun = { maxSeqLength: null, chunkSize: undefined, signal: undefined, onChunk: undefined };
const POISON = "poison";

const model = await SentenceTransformer.load(modelFolder("bert-mean"), { threads: 1 });
const expected = await model.encode(texts);

async function startPool(workers: number, faults: WorkerFaults = {}, source?: string | FileSource) {
  const log = inProcessWorkers(faults);
  const devices = new Array<"cpu">(workers).fill("cpu");
  const pool = await EncodingPool.start(await poolModel(source), devices, { spawn: log.spawn });
  const chunks = () => log.messages.flatMap(({ message }) => (message.kind === "encode" ? [message] : []));
  const embed = async (list: readonly string[], run: Partial<PoolRun> = {}, how: Partial<EncodeJob> = {}) => {
    const { data, dimension } = await pool.run(
      embeddingMatrix,
      list,
      { ...job, ...how },
      { ...plain, ...run },
    );
    return list.map((_, i) => data.slice(i * dimension, (i + 1) * dimension));
  };
  return { pool, log, chunks, embed };
}

function isChunkWith(text: string) {
  return ({ message }: Observed) => message.kind === "encode" && message.texts.includes(text);
}

for (const workers of [1, 2, 5]) {
  test(`${workers} workers give the bits of one thread, in order`, async () => {
    const { pool, embed } = await startPool(workers);
    assert.equal(pool.size, workers);
    for (const chunkSize of [undefined, 1, 4, 100])
      assert.deepEqual(await embed(texts, { chunkSize }), expected);
    await pool.stop();
    assert.equal(pool.size, 0);
  });
}

test("each worker is placed on its device, with the kernels of the model and one thread", async () => {
  const { place } = await poolModel();
  const placement = checkPlacement({ backend: "wasm", threads: 8, wideSimd: false });
  const log = inProcessWorkers();
  const pool = await EncodingPool.start(
    { place, settings: { modelType: "SentenceTransformer", placement, maxSeqLength: 9 } },
    ["cpu", "cpu"],
    {
      spawn: log.spawn,
    },
  );
  const loads = log.messages.flatMap(({ message }) => (message.kind === "load" ? [message.settings] : []));
  const one = {
    modelType: "SentenceTransformer",
    placement: { device: "cpu", dtype: "float32", backend: "wasm", threads: 1, wideSimd: false },
    maxSeqLength: 9,
  };
  assert.deepEqual(loads, [one, one]);
  await pool.stop();
});

test("a worker loads the model for its device, and for no other", async () => {
  const log = inProcessWorkers();
  await assert.rejects(EncodingPool.start(await poolModel(), ["cpu", "tpu" as "cpu"], { spawn: log.spawn }), {
    name: "UnsupportedError",
    code: "unsupported-device",
    subject: "device",
  });
  assert.equal(log.ended(), 2, "no worker is left");
});

test("chunks are a tenth of a worker's share, and at most 5,000 texts", async () => {
  const { pool, chunks, embed, log } = await startPool(2, { ignores: () => false });
  await embed(texts);
  assert.deepEqual(
    chunks().map((chunk) => chunk.texts.length),
    [...new Array(11).fill(2), 1],
  );
  assert.deepEqual(
    chunks().flatMap((chunk) => chunk.texts),
    texts,
  );
  log.messages.length = 0;
  const controller = new AbortController();
  const many = embed(new Array(120_000).fill("a"), { signal: controller.signal });
  assert.equal(chunks()[0]!.texts.length, 5000);
  controller.abort();
  await assert.rejects(many, { name: "AbortError" });
  await pool.stop();
});

test("token embeddings and everything about texts come from workers as from here", async () => {
  const { pool } = await startPool(2);
  const run = { ...plain, chunkSize: 3 };
  assert.deepEqual(
    await pool.run(tokenEmbeddings, texts, job, run),
    await model.encode(texts, { outputValue: "token_embeddings" }),
  );
  assert.deepEqual(
    await pool.run(textFeatures, texts, { ...job, prompt: "a " }, run),
    await model.encode(texts, { outputValue: null, prompt: "a " }),
  );
  await pool.stop();
});

test("workers do what the job says", async () => {
  const { pool, embed } = await startPool(2);
  const options = { prompt: "q ", truncateDim: 6, normalizeEmbeddings: true, batchSize: 2 };
  assert.deepEqual(
    await embed(texts, {}, { prompt: "q ", truncateDim: 6, normalize: true, batchSize: 2 }),
    await model.encode(texts, options),
  );
  const short = await SentenceTransformer.load(modelFolder("bert-mean"), { maxSeqLength: 5, threads: 1 });
  assert.deepEqual(await embed(texts, { maxSeqLength: 5 }), await short.encode(texts));
  await short.dispose();
  await pool.stop();
});

test("progress counts texts and how many of them were cut", async () => {
  const { pool, embed } = await startPool(2);
  let done = 0;
  let cut = 0;
  const onChunk = (count: number, truncated: number) => {
    done += count;
    cut += truncated;
  };
  const maxSeqLength = model.countTokens(texts[3]!);
  await embed(texts, { maxSeqLength, onChunk });
  assert.equal(done, texts.length);
  assert.equal(cut, texts.filter((text) => model.countTokens(text) > maxSeqLength).length);
  assert.ok(cut > 0 && cut < texts.length);
  await pool.stop();
});

test("the chunk of a worker that ends is done by another", async () => {
  let ends = 0;
  const { pool, log, embed } = await startPool(3, {
    endsAt: ({ message }) => (message.kind === "encode" && ends++ === 4 ? new Error("killed") : undefined),
  });
  assert.deepEqual(await embed(texts, { chunkSize: 2 }), expected);
  assert.equal(log.ended(), 1);
  assert.equal(pool.size, 2);
  assert.deepEqual(await embed(texts), expected, "the others go on");
  await pool.stop();
});

test("a chunk that ends three workers is given up, and the error names it", async () => {
  const { pool, embed } = await startPool(5, {
    endsAt: (observed) => (isChunkWith(POISON)(observed) ? new Error("out of memory") : undefined),
  });
  const poisoned = [...texts.slice(0, 8), POISON, ...texts.slice(8)];
  await assert.rejects(embed(poisoned, { chunkSize: 4 }), (error: Error) => {
    assert.ok(error instanceof PoolError);
    assert.equal(
      error.message,
      "encode: 3 workers ended while they encoded texts 8 to 11; the last one: out of memory",
    );
    return true;
  });
  assert.equal(pool.size, 2);
  assert.deepEqual(await embed(texts), expected);
  await pool.stop();
});

test("without any worker left, encoding says so, now and later", async () => {
  const { pool, embed } = await startPool(2, {
    endsAt: ({ message }) => (message.kind === "encode" ? new Error("killed") : undefined),
  });
  const both = [embed(texts, { chunkSize: 1 }), embed(texts)];
  for (const run of both) {
    await assert.rejects(run, {
      name: "PoolError",
      message: /all workers of the pool have ended; the last one: killed/,
    });
  }
  await assert.rejects(embed(texts), /all workers of the pool have ended/);
  await pool.stop();
});

test("stopping ends what is being encoded, and all workers", async () => {
  const { pool, log, embed } = await startPool(2, { ignores: ({ message }) => message.kind === "encode" });
  const running = [embed(texts), embed(texts, { chunkSize: 1 })];
  const stopped = Promise.all(
    running.map((run) =>
      assert.rejects(run, { name: "PoolError", message: /the pool was stopped meanwhile/ }),
    ),
  );
  await pool.stop();
  await stopped;
  assert.equal(log.ended(), 2);
  await assert.rejects(embed(texts), ArgumentError);
  await pool.stop();
});

test("an error inside a worker comes out with its class and message, and the pool goes on", async () => {
  const { pool, log, embed } = await startPool(2, {}, modelFolder("router-mappings"));
  const router = await SentenceTransformer.load(modelFolder("router-mappings"), { threads: 1 });
  const reason: Error = await router.encode(["a"], { task: "no such task" }).then(
    () => assert.fail("the premise: it is an error in one thread"),
    (error: Error) => error,
  );
  assert.ok(reason instanceof ArgumentError);
  await assert.rejects(embed(texts, { chunkSize: 1 }, { task: "no such task" }), (error: Error) => {
    assert.ok(error instanceof ArgumentError);
    assert.equal(error.name, reason.name);
    assert.equal(error.message, reason.message);
    assert.match(error.stack!, /router/);
    return true;
  });
  assert.equal(log.ended(), 0);
  const task = "query";
  assert.deepEqual(await embed(["a", "b"], {}, { task }), await router.encode(["a", "b"], { task }));
  await router.dispose();
  await pool.stop();
});

test("an aborted signal ends a call with its reason, and leaves the workers to others", async () => {
  const { pool, log, chunks, embed } = await startPool(2);
  const controller = new AbortController();
  const reason = new Error("enough");
  let calls = 0;
  const onChunk = () => {
    calls++;
    controller.abort(reason);
  };
  await assert.rejects(embed(texts, { chunkSize: 1, signal: controller.signal, onChunk }), reason);
  assert.deepEqual(await embed(texts, { chunkSize: 5 }), expected);
  const begun = chunks().filter((chunk) => chunk.texts.length === 1).length;
  assert.ok(begun < texts.length, `${begun} chunks: what was not begun is not begun any more`);
  assert.equal(calls, 1, "what comes too late is not reported");
  await assert.rejects(embed(texts, { signal: AbortSignal.abort(reason) }), reason);

  const encoding = new AbortController();
  const long = embed(new Array(400).fill("a text to embed"), { signal: encoding.signal, chunkSize: 400 });
  setTimeout(() => encoding.abort(reason), 5);
  await assert.rejects(long, reason);
  assert.equal(log.messages.at(-1)!.message.kind, "cancel", "the worker is told");
  await pool.stop();
});

test("an error in the caller's own function ends the call", async () => {
  const { pool, embed } = await startPool(2);
  const reason = new Error("my own");
  const onChunk = () => {
    throw reason;
  };
  await assert.rejects(embed(texts, { onChunk }), reason);
  assert.deepEqual(await embed(texts), expected);
  await pool.stop();
});

test("several calls share a pool", async () => {
  const { pool, embed } = await startPool(2);
  const results = await Promise.all([
    embed(texts),
    embed(texts.slice(3), { chunkSize: 1 }),
    embed([...texts].reverse()),
  ]);
  assert.deepEqual(results[0], expected);
  assert.deepEqual(results[1], expected.slice(3));
  assert.deepEqual(results[2]!.reverse(), expected);
  await pool.stop();
});

test("workers are held while there is work, and only then", async () => {
  const { pool, log, embed } = await startPool(3);
  assert.equal(log.held(), 0);
  const running = embed(texts);
  assert.equal(log.held(), 3);
  await running;
  assert.equal(log.held(), 0);
  await pool.stop();
});

test("a worker that is being ended is held until it has ended, whatever it still answers", async () => {
  let answered = () => {};
  const answer = new Promise<void>((resolve) => {
    answered = resolve;
  });
  const ending = async () => {
    await answer;
    for (let turn = 0; turn < 3; turn++) await nextMacrotask(); // the answer is read
  };
  const { pool, log, embed } = await startPool(1, { ending, answers: () => answered() });
  const running = assert.rejects(embed(texts, { chunkSize: 100 }), { name: "PoolError" });
  await pool.stop();
  await running;
  assert.equal(log.heldUntilEnd(), 1);
});

test("a model in memory goes to the workers piece by piece; its files are closed again", async () => {
  const { source } = ModelFiles.ofFixture("bert-mean");
  let open = 0;
  let largest = 0;
  const counting: FileSource = {
    name: source.name,
    exists: (path) => source.exists(path),
    read: (path) => source.read(path),
    async open(path) {
      const reader = await source.open(path);
      open++;
      return {
        name: reader.name,
        size: reader.size,
        readInto: (target, position) => {
          largest = Math.max(largest, target.length);
          return reader.readInto(target, position);
        },
        close: async () => {
          open--;
          await reader.close();
        },
      };
    },
  };
  const { pool, embed } = await startPool(2, {}, counting);
  assert.equal(open, 0);
  assert.ok(largest > 0 && largest <= 2 ** 22);
  assert.deepEqual(await embed(texts), expected);
  await pool.stop();
});

test("what a worker had open is closed when it ends", async () => {
  const { source } = ModelFiles.ofFixture("bert-mean");
  let open = 0;
  const counting: FileSource = {
    name: source.name,
    exists: (path) => source.exists(path),
    read: (path) => source.read(path),
    async open(path) {
      const reader = await source.open(path);
      open++;
      return {
        ...reader,
        name: reader.name,
        size: reader.size,
        readInto: reader.readInto.bind(reader),
        close: async () => void open--,
      };
    },
  };
  const faults: WorkerFaults = {
    endsAt: ({ message }) => (open > 0 && message.kind === "file" ? new Error("killed") : undefined),
  };
  await assert.rejects(startPool(1, faults, counting), {
    name: "PoolError",
    message: "a worker ended while it loaded the model: killed",
  });
  assert.equal(open, 0);
});

test("a file that opens only after its worker has ended is closed", async () => {
  const { source } = ModelFiles.ofFixture("bert-mean");
  let open = 0;
  let opening = () => {};
  const begun = new Promise<void>((resolve) => {
    opening = resolve;
  });
  let go = () => {};
  const mayOpen = new Promise<void>((resolve) => {
    go = resolve;
  });
  const slow: FileSource = {
    name: source.name,
    exists: (path) => source.exists(path),
    read: (path) => source.read(path),
    async open(path) {
      opening();
      await mayOpen;
      const reader = await source.open(path);
      open++;
      return {
        name: reader.name,
        size: reader.size,
        readInto: reader.readInto.bind(reader),
        close: async () => void open--,
      };
    },
  };
  const controller = new AbortController();
  const log = inProcessWorkers();
  const starting = EncodingPool.start(await poolModel(slow), ["cpu"], {
    spawn: log.spawn,
    signals: [undefined, controller.signal],
  });
  await begun;
  const reason = new Error("enough");
  controller.abort(reason);
  await assert.rejects(starting, reason);
  assert.equal(log.ended(), 1);
  go();
  for (let turn = 0; turn < 5; turn++) await nextMacrotask();
  assert.equal(open, 0);
});

const unavailable = (problem: string) => ({
  name: "PoolError",
  code: "workers-unavailable",
  subject: "Worker",
  message: `startMultiProcessPool: workers cannot be started: ${problem}`,
});

test("a worker that ends before its program runs cannot be started here; later, it has ended", async () => {
  const place = await poolModel();
  const silent: SpawnWorker = (events) => {
    setImmediate(() => events.end(Object.assign(new Error("restricted"), { code: "ERR_ACCESS_DENIED" })));
    return { post() {}, hold() {}, release() {}, terminate: async () => {} };
  };
  await assert.rejects(
    EncodingPool.start(place, ["cpu", "cpu"], { spawn: silent }),
    unavailable("Node's permission model forbids worker threads; --allow-worker permits them"),
  );
  const { spawn } = inProcessWorkers({
    endsAt: ({ message }) => (message.kind === "load" ? new Error("killed") : undefined),
  });
  await assert.rejects(EncodingPool.start(place, ["cpu"], { spawn }), {
    name: "PoolError",
    code: "worker-start-failed",
    message: "a worker ended while it loaded the model: killed",
  });
});

test("a worker that cannot be made ends those that were", async () => {
  const log = inProcessWorkers();
  let made = 0;
  const spawn: typeof log.spawn = (events) => {
    if (made++ === 2) throw new TypeError("no more workers");
    return log.spawn(events);
  };
  const starting = EncodingPool.start(await poolModel(), ["cpu", "cpu", "cpu"], { spawn });
  await assert.rejects(starting, unavailable("no more workers"));
  assert.equal(log.ended(), 2);
});

test("a model that a worker cannot load is the error it would be here, and no worker stays", async () => {
  const { source } = ModelFiles.ofFixture("bert-mean").remove("config.json");
  const log = inProcessWorkers();
  const starting = EncodingPool.start(await poolModel(source), ["cpu", "cpu", "cpu"], { spawn: log.spawn });
  await assert.rejects(starting, (error: Error) => {
    assert.ok(error instanceof FileError);
    assert.equal(error.file, "model/config.json");
    assert.match(error.message, /^model\/config.json: /);
    return true;
  });
  assert.equal(log.ended(), 3);
});
