/** Pools in browsers: Web Workers, as this test makes them of threads. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Worker as Thread } from "node:worker_threads";
import { SentenceTransformer } from "../../src/index.ts";
import { openModelPlace } from "../../src/model-source.ts";
import { EncodingPool } from "../../src/pool/encoding-pool.ts";
import { spawnWebWorker } from "../../src/pool/spawn-web.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { ModelFiles } from "../helpers/model-files.ts";

/** What a dedicated worker finds in a browser; then the file that the page named; messages wait for it. */
const PRELUDE = `
  const { parentPort, workerData } = require("node:worker_threads");
  const target = new EventTarget();
  globalThis.postMessage = (message, transfer) => parentPort.postMessage(message, transfer);
  globalThis.addEventListener = (...args) => target.addEventListener(...args);
  import(workerData.tsx)
    .then(({ register }) => register())
    .then(() => import(workerData.file))
    .then(() => parentPort.on("message", (data) => target.dispatchEvent(Object.assign(new Event("message"), { data }))));`;

class WebWorker extends EventTarget {
  readonly #thread: Thread;

  constructor(address: URL, options: { readonly type: string }) {
    super();
    assert.equal(options.type, "module");
    assert.match(address.href, /\/src\/pool\/pool-worker\.js$/);
    const file = address.href.replace(/\.js$/, ".ts"); // the build makes the one of the other
    const tsx = import.meta.resolve("tsx/esm/api");
    this.#thread = new Thread(PRELUDE, { eval: true, workerData: { file, tsx }, execArgv: [] });
    this.#thread.on("message", (data) => this.dispatchEvent(Object.assign(new Event("message"), { data })));
    this.#thread.on("error", (error) =>
      this.dispatchEvent(Object.assign(new Event("error"), { error, message: error.message })),
    );
  }

  postMessage(message: unknown): void {
    this.#thread.postMessage(message);
  }

  terminate(): void {
    void this.#thread.terminate();
  }
}

const globals = globalThis as { Worker?: unknown };

function replaceWorker(t: TestContext, replacement: unknown): void {
  const { Worker: original } = globals;
  globals.Worker = replacement;
  t.after(() => {
    globals.Worker = original;
  });
}

test("Web Workers give the bits of the page, and end with the pool", { timeout: 60_000 }, async (t) => {
  replaceWorker(t, WebWorker);
  const texts = ["one", "two three", "four"];
  const model = await SentenceTransformer.load(modelFolder("bert-mean"), { threads: 1 });
  const expected = await model.encode(texts);
  await model.dispose();
  const place = await openModelPlace(ModelFiles.ofFixture("bert-mean").source);
  const pool = await EncodingPool.start({ place, settings: { threads: 1 } }, ["cpu"], spawnWebWorker);
  const job = { prompt: null, task: null, batchSize: 32, truncateDim: null, normalize: false };
  const run = { maxSeqLength: null, chunkSize: 1, signal: undefined, onChunk: undefined };
  const { data, dimension } = await pool.run("sentence_embedding", texts, job, run);
  assert.deepEqual(
    texts.map((_, i) => data.slice(i * dimension, (i + 1) * dimension)),
    expected,
  );
  await pool.stop();
  assert.equal(pool.size, 0);
});

test("a worker whose file cannot be loaded is an error, not a wait", { timeout: 60_000 }, async (t) => {
  const broken = class extends EventTarget {
    constructor() {
      super();
      setTimeout(() => this.dispatchEvent(Object.assign(new Event("error"), { message: "" })), 1);
    }
    postMessage(): void {}
    terminate(): void {}
  };
  replaceWorker(t, broken);
  const place = await openModelPlace(modelFolder("bert-mean"));
  await assert.rejects(EncodingPool.start({ place, settings: { threads: 1 } }, ["cpu"], spawnWebWorker), {
    name: "PoolError",
    message: "a worker ended while it loaded the model: the worker's file could not be loaded",
  });
});
