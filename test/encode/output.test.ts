/** A kind of result of one's own: collected from batches, and given by workers that know its name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { workerOutputs } from "../../src/encode/outputs.ts";
import { SentenceTransformer } from "../../src/index.ts";
import { EncodingPool } from "../../src/workers/encoding-pool.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { inProcessWorkers } from "../workers/in-process-workers.ts";
import { poolModel } from "../workers/pool-model.ts";
import { indicesOfLargest, type LargestJob, largest } from "./largest-output.ts";

const texts = Array.from({ length: 9 }, (_, i) => `text ${i} ${"word ".repeat((i * 5) % 7)}`);
const job: LargestJob = { prompt: null, task: null, batchSize: 4, count: 3 };
const run = { maxSeqLength: null, chunkSize: 2, signal: undefined, onChunk: undefined };

async function startPool(outputs = workerOutputs) {
  const { spawn } = inProcessWorkers({ outputs });
  return await EncodingPool.start(await poolModel(modelFolder("bert-mean")), ["cpu", "cpu"], {
    spawn,
  });
}

test("workers that know an output give it as the model itself does", async () => {
  const model = await SentenceTransformer.load(modelFolder("bert-mean"), { threads: 1 });
  const expected = (await model.encode(texts)).map((vector) => indicesOfLargest(vector, 3));
  await model.dispose();
  const pool = await startPool(new Map([...workerOutputs, ["largest", largest]]));
  assert.deepEqual(await pool.run(largest, texts, job, run), expected);
  await pool.stop();
});

test("workers that do not know an output say so", async () => {
  const pool = await startPool();
  await assert.rejects(pool.run(largest, texts, job, run), { name: "UnsupportedError", subject: "largest" });
  await pool.stop();
});
