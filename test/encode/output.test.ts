/** A kind of result of one's own: collected from batches, and given by workers that know its name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ListMerger } from "../../src/encode/mergers.ts";
import type { WorkerOutput } from "../../src/encode/output.ts";
import { workerOutputs } from "../../src/encode/outputs.ts";
import type { RunSettings } from "../../src/encode/pipeline.ts";
import { SentenceTransformer } from "../../src/index.ts";
import { openModelPlace } from "../../src/sources/model-source.ts";
import { checkPlacement } from "../../src/tensor/placement.ts";
import { EncodingPool } from "../../src/workers/encoding-pool.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { inProcessWorkers } from "../workers/in-process-workers.ts";

interface LargestJob extends RunSettings {
  readonly count: number;
}

/** Per text the indices of the largest values of its vector. */
const largest: WorkerOutput<Int32Array[], LargestJob> = {
  workerOutput: "largest",
  createCollector: (count, job) => {
    const results = new Array<Int32Array>(count);
    return {
      async add({ indices }, features) {
        const tensor = features.get("sentence_embedding");
        const width = tensor.shape[1]!;
        const data = (await tensor.read()) as Float32Array;
        for (const [i, index] of indices.entries()) {
          results[index] = indicesOfLargest(data.subarray(i * width, (i + 1) * width), job.count);
        }
      },
      finish: () => results,
    };
  },
  createMerger: (count) =>
    new ListMerger(
      count,
      (packed: Int32Array) => packed,
      () => false,
    ),
  pack: (result) => ({ result, transfer: [] }),
};

function indicesOfLargest(vector: Float32Array, count: number): Int32Array {
  return Int32Array.from([...vector.keys()].sort((a, b) => vector[b]! - vector[a]!).slice(0, count));
}

const texts = Array.from({ length: 9 }, (_, i) => `text ${i} ${"word ".repeat((i * 5) % 7)}`);
const job: LargestJob = { prompt: null, task: null, batchSize: 4, count: 3 };
const run = { maxSeqLength: null, chunkSize: 2, signal: undefined, onChunk: undefined };

async function startPool(outputs = workerOutputs) {
  const place = await openModelPlace(modelFolder("bert-mean"));
  const { spawn } = inProcessWorkers({ outputs });
  return await EncodingPool.start(
    { place, settings: { modelType: "SentenceTransformer", placement: checkPlacement() } },
    ["cpu", "cpu"],
    {
      spawn,
    },
  );
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
