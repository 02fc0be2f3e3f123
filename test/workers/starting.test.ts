/** Pools that are given up while their threads start: no thread is left. */
import assert from "node:assert/strict";
import { type TestContext, test as testOf } from "node:test";
import { SentenceTransformer } from "../../src/index.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { watchWorkers } from "../helpers/watch-workers.ts";

/** What hangs is to fail. */
const test = (name: string, body: (t: TestContext) => Promise<void>) =>
  testOf(name, { timeout: 60_000 }, body);

const texts = ["one", "two three", "four"];
const disposed = { name: "ArgumentError", code: "disposed", subject: "model" };
const device = ["cpu", "cpu"] as const;

/** The workers of pools, which are told to load the model. */
const poolWorkers = (t: TestContext) =>
  watchWorkers(t, (message) => "kind" in message && message.kind === "load");

const load = () => SentenceTransformer.load(modelFolder("bert-mean"), { threads: 1 });

const starts: Readonly<
  Record<string, (model: SentenceTransformer, signal?: AbortSignal) => Promise<unknown>>
> = {
  startMultiProcessPool: (model) => model.startMultiProcessPool(device),
  "encode with devices": (model, signal) => model.encode(texts, { device, signal }),
  "encodeStream with devices": (model, signal) => model.encodeStream(texts, { device, signal }).next(),
};

for (const [name, start] of Object.entries(starts)) {
  test(`${name}: disposing of the model meanwhile ends the start, and waits for the threads' end`, async (t) => {
    const model = await load();
    const workers = poolWorkers(t);
    const starting = assert.rejects(start(model), disposed);
    await workers.reached(2);
    assert.equal(workers.alive(), 2);
    await Promise.all([model.dispose(), model.dispose()]);
    assert.equal(workers.alive(), 0);
    await starting;
  });

  test(`${name}: disposing of the model before anything has started`, async (t) => {
    const model = await load();
    const workers = poolWorkers(t);
    const starting = assert.rejects(start(model), disposed);
    await model.dispose();
    await starting;
    assert.equal(workers.alive(), 0);
  });

  if (name === "startMultiProcessPool") continue;
  test(`${name}: an abort meanwhile ends the start with its reason, and the threads`, async (t) => {
    const model = await load();
    const workers = poolWorkers(t);
    const controller = new AbortController();
    const reason = new Error("enough");
    const starting = assert.rejects(start(model, controller.signal), reason);
    await workers.reached(2);
    controller.abort(reason);
    await starting;
    assert.equal(workers.alive(), 0);
    assert.equal((await model.encode(texts)).length, 3, "the model goes on");
    await model.dispose();
  });
}

test("a pool that has been stopped, by whatever way, says so", async () => {
  const stopped = { code: "pool-stopped", subject: "pool" };
  const model = await load();
  for (const stop of ["stop", Symbol.asyncDispose] as const) {
    const pool = await model.startMultiProcessPool(["cpu"]);
    const running = assert.rejects(model.encode(new Array(500).fill("a"), { pool }), {
      name: "PoolError",
      ...stopped,
    });
    await pool[stop]();
    await running;
    await assert.rejects(model.encode(texts, { pool }), { name: "ArgumentError", ...stopped });
    await assert.rejects(model.encodeMultiProcess(texts, pool), { name: "ArgumentError", ...stopped });
    assert.throws(() => model.encodeStream(texts, { pool }), { name: "ArgumentError", ...stopped });
  }
  const pool = await model.startMultiProcessPool(["cpu"]);
  let running: Promise<void> | undefined;
  await assert.rejects(async () => {
    for await (const _ of model.encodeStream(new Array(500).fill("a"), { pool })) {
      running = assert.rejects(model.encode(texts, { pool }), { name: "PoolError", ...stopped });
      await model.dispose();
    }
  }, disposed);
  await running;
  assert.equal(pool.size, 0);
});
