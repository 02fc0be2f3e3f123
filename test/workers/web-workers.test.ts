/** Pools in browsers: Web Workers, as this test makes them of threads. */

import assert from "node:assert/strict";
import { resolveObjectURL } from "node:buffer";
import { type TestContext, test } from "node:test";
import { Worker as Thread } from "node:worker_threads";
import { embeddingMatrix } from "../../src/encode/outputs.ts";
import { SentenceTransformer } from "../../src/index.ts";
import { EncodingPool } from "../../src/workers/encoding-pool.ts";
import { withSharedData } from "../../src/workers/shared-data.ts";
import { spawnWebWorker } from "../../src/workers/spawn-web.ts";
import type { SpawnWorker } from "../../src/workers/worker-channel.ts";
import { loadWorkerProgram } from "../../src/workers/worker-program.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { ModelFiles } from "../helpers/model-files.ts";
import { poolModel } from "./pool-model.ts";

/** What a dedicated worker finds in a browser, in place of what a thread has; then the script of the page. */
const PRELUDE = `
  const { parentPort, workerData } = require("node:worker_threads");
  const target = new EventTarget();
  globalThis.postMessage = (message, transfer) => parentPort.postMessage(message, transfer);
  globalThis.addEventListener = (...args) => target.addEventListener(...args);
  for (const name of ["process", "require", "Buffer", "global", "setImmediate"]) delete globalThis[name];
  (0, eval)(workerData);
  parentPort.on("message", (data) => target.dispatchEvent(Object.assign(new Event("message"), { data })));`;

class WebWorker extends EventTarget {
  readonly #thread: Promise<Thread>;

  constructor(address: string) {
    super();
    const blob = resolveObjectURL(address); // at once: the page revokes the address
    assert.equal(blob?.type, "text/javascript");
    this.#thread = this.#start(blob);
  }

  async #start(blob: { text(): Promise<string> }): Promise<Thread> {
    const thread = new Thread(PRELUDE, { eval: true, workerData: await blob.text(), execArgv: [] });
    thread.on("message", (data) => this.dispatchEvent(Object.assign(new Event("message"), { data })));
    thread.on("error", (error) =>
      this.dispatchEvent(Object.assign(new Event("error"), { error, message: error.message })),
    );
    return thread;
  }

  postMessage(message: unknown): void {
    void this.#thread.then((thread) => thread.postMessage(message));
  }

  terminate(): void {
    void this.#thread.then((thread) => thread.terminate());
  }
}

const program = withSharedData(await loadWorkerProgram());
const spawn: SpawnWorker = (events) => spawnWebWorker(program, events);

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
  const pool = await EncodingPool.start(await poolModel(ModelFiles.ofFixture("bert-mean").source), ["cpu"], {
    spawn,
  });
  const job = { prompt: null, task: null, batchSize: 32, truncateDim: null, normalize: false };
  const run = { maxSeqLength: null, chunkSize: 1, signal: undefined, onChunk: undefined };
  const { data, dimension } = await pool.run(embeddingMatrix, texts, job, run);
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
  await assert.rejects(EncodingPool.start(await poolModel(modelFolder("bert-mean")), ["cpu"], { spawn }), {
    name: "PoolError",
    code: "workers-unavailable",
    subject: "Worker",
  });
});
