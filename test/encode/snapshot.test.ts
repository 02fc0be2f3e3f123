/**
 * What a call is given is what it had when it was called: a caller may reuse its arrays and options at once, from the
 * next line or from a callback. Only the numbers of a corpus are read in place, since a copy would double them.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { embeddingVectors } from "../../src/encode/outputs.ts";
import { AutoModel, AutoTokenizer, SentenceTransformer, Tensor, Transformer, util } from "../../src/index.ts";
import { semanticSearchAsync } from "../../src/similarity/semantic-search.ts";
import { EncodingPool } from "../../src/workers/encoding-pool.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { inProcessWorkers } from "../workers/in-process-workers.ts";
import { poolModel } from "../workers/pool-model.ts";

const folder = modelFolder("bert-mean");
const texts: readonly string[] = Array.from({ length: 40 }, (_, i) => `text ${i} ${"word ".repeat(i % 5)}`);
const model = await SentenceTransformer.load(folder, { threads: 1, prompts: { query: "q ", other: "o " } });
const dimension = model.getEmbeddingDimension();
const expected = await model.encode(texts);

/** Ways to change an array under a call. */
const changes: Readonly<Record<string, (list: string[]) => void>> = {
  "length = 0": (list) => {
    list.length = 0;
  },
  push: (list) => {
    list.push("one more");
  },
  fill: (list) => {
    list.fill("something else");
  },
  reverse: (list) => {
    list.reverse();
  },
};

for (const [name, change] of Object.entries(changes)) {
  test(`encode: ${name} after the call and in a callback changes nothing`, async () => {
    const after = [...texts];
    const running = model.encode(after, { batchSize: 4 });
    change(after);
    assert.deepEqual(await running, expected);

    const during = [...texts];
    const totals = new Set<number>();
    const result = await model.encode(during, {
      batchSize: 4,
      onProgress: (_, total) => {
        totals.add(total);
        change(during);
      },
    });
    assert.deepEqual(result, expected);
    assert.deepEqual([...totals], [texts.length]);

    for (const outputValue of ["token_embeddings", null] as const) {
      const list = [...texts];
      const unchanged = await model.encode(texts, { outputValue } as { outputValue: null });
      const other = model.encode(list, { batchSize: 4, outputValue } as { outputValue: null });
      change(list);
      assert.deepEqual(await other, unchanged);
    }
  });
}

test("a pool: changes after the call change no chunk", async () => {
  const own = await SentenceTransformer.load(folder, { threads: 1 });
  const pool = await own.startMultiProcessPool(["cpu"]);
  for (const [name, change] of Object.entries(changes)) {
    const list = [...texts];
    const running = own.encodeMultiProcess(list, pool, { chunkSize: 3 });
    change(list);
    assert.deepEqual(await running, expected, name);
  }
  await own.dispose();
});

test("workers of one call: changes after it change neither texts nor devices", async () => {
  const own = await SentenceTransformer.load(folder, { threads: 1 });
  const each = Object.entries(changes).map(async ([name, change]) => {
    const devices: "cpu"[] = ["cpu"];
    const list = [...texts];
    const running = own.encode(list, { device: devices, chunkSize: 3 });
    change(list);
    devices.length = 0;
    assert.deepEqual(await running, expected, name);
  });
  await Promise.all(each);
  await own.dispose();
});

test("encode: its options are those of the call", async () => {
  const options = {
    convertToTensor: false,
    normalizeEmbeddings: false,
    prompt: undefined as string | undefined,
  };
  const running = model.encode([...texts], options as { convertToTensor: false });
  Object.assign(options, { convertToTensor: true, normalizeEmbeddings: true, prompt: "x" });
  assert.deepEqual(await running, expected);
});

test("encode and encodeStream: ranges are those of the call", async () => {
  const fresh = () => [new Float32Array(dimension).fill(-0.5), new Float32Array(dimension).fill(0.5)];
  const precision = "int8" as const;
  const unchanged = await model.encode(texts, { precision, quantizationRanges: fresh() });
  const asList = fresh();
  const asTensor = Tensor.from(Float32Array.from(fresh().flatMap((row) => [...row])), [2, dimension]);
  const first = model.encode(texts, { precision, quantizationRanges: asList });
  const second = model.encode(texts, { precision, quantizationRanges: asTensor });
  const streamRanges = fresh();
  const options = { precision, quantizationRanges: streamRanges, batchSize: 2, prompt: "" };
  const stream = model.encodeStream(texts, options);
  options.prompt = "x";
  asList[0]!.fill(7);
  asList.length = 1;
  asTensor.data.fill(9);
  streamRanges[1]!.fill(3);
  assert.deepEqual(await first, unchanged);
  assert.deepEqual(await second, unchanged);
  const streamed = [];
  for await (const { embedding } of stream) {
    streamRanges[0]!.fill(4);
    streamed.push(embedding);
  }
  assert.deepEqual(streamed, unchanged);
});

test("encodeStream with workers of its own: options and prompts are those of the call", async () => {
  const own = await SentenceTransformer.load(folder, { threads: 1, prompts: { query: "q " } });
  const wanted = await own.encode(texts.slice(0, 4), { promptName: "query" });
  const options = { device: ["cpu"] as "cpu"[], promptName: "query" as string | undefined };
  const stream = own.encodeStream(texts.slice(0, 4), options);
  options.promptName = undefined;
  options.device.length = 0;
  own.prompts = { query: "another " };
  const found = [];
  for await (const { embedding } of stream) found.push(embedding);
  assert.deepEqual(found, wanted);
  await own.dispose();
});

test("load and fromPretrained: prompts and settings are those of the call", async () => {
  const prompts: Record<string, string> = { query: "q " };
  const kernels = { threads: 1, backend: "js" as "js" | "wasm" };
  const ofModule = { ...kernels, maxSeqLength: 12 as number | undefined };
  const ofModel = { ...ofModule, prompts };
  const loading = SentenceTransformer.load(folder, ofModel);
  const module = Transformer.fromPretrained(folder, ofModule);
  const encoder = AutoModel.fromPretrained(folder, kernels);
  prompts.query = "changed ";
  prompts.later = "added ";
  for (const options of [kernels, ofModule, ofModel]) {
    Object.assign(options, { backend: "nonsense", threads: -1, maxSeqLength: undefined });
  }
  const loaded = await loading;
  assert.deepEqual(loaded.prompts.query, "q ");
  assert.ok(!("later" in loaded.prompts));
  assert.equal(loaded.maxSeqLength, 12);
  assert.equal((await module).maxSeqLength, 12);
  await loaded.dispose();
  (await encoder).dispose();
  (await module).dispose();
});

test("modules of a model: the array may be reused", async () => {
  const modules = [...model.modules];
  const own = new SentenceTransformer({ modules });
  const running = own.encode(texts);
  modules.length = 0;
  assert.deepEqual(await running, expected);
  assert.deepEqual(await own.encode(texts), expected);
});

test("AutoModel: inputs may be reused after the call", async () => {
  const encoder = await AutoModel.fromPretrained(folder, { threads: 1 });
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const batch = () => tokenizer([...texts], { padding: true });
  const { lastHiddenState: unchanged } = await encoder(batch());
  const inputs = batch();
  const options = { outputHiddenStates: false };
  const running = encoder(inputs, options);
  inputs.inputIds.data.fill(1);
  inputs.attentionMask.data.fill(1);
  options.outputHiddenStates = true;
  const { lastHiddenState, hiddenStates } = await running;
  assert.deepEqual(lastHiddenState.toArray(), unchanged.toArray());
  assert.equal(hiddenStates, null);
  encoder.dispose();
});

test("util: lists, queries and options of asynchronous functions are those of the call", async () => {
  const random = (count: number, seed: number) =>
    Array.from({ length: count }, (_, i) =>
      Float32Array.from({ length: 16 }, (_, k) => Math.sin(seed + i * 31.7 + k * k)),
    );
  const corpus = random(600, 1);
  const custom = (a: Tensor, b: Tensor) => util.cosSim(a, b);
  const settings = { topK: 3, scoreFunction: custom, queryChunkSize: 2, corpusChunkSize: 50 };
  const hits = util.semanticSearch(random(9, 5), corpus, settings);
  const queries = random(9, 5);
  const list = [...corpus];
  const options = { ...settings };
  const searching = semanticSearchAsync(queries, list, options);
  for (const query of queries) query.fill(1);
  queries.length = 0;
  list.reverse();
  list.length = 5;
  Object.assign(options, { topK: 1 });
  assert.deepEqual(await searching, hits);

  const near = Array.from({ length: 300 }, (_, i) => Float32Array.of(1, (i % 3) * 50, i / 1000));
  const communities = util.communityDetection(near, { minCommunitySize: 2, batchSize: 7 });
  const vectors = [...near];
  const detecting = util.communityDetectionAsync(vectors, { minCommunitySize: 2, batchSize: 7 });
  vectors.length = 1;
  assert.deepEqual(await detecting, communities);

  const sentences = [...texts];
  const mining = { topK: 2, maxPairs: 50 };
  const pairs = await util.paraphraseMining(model, sentences, mining);
  const found = util.paraphraseMining(model, sentences, mining);
  sentences.length = 2;
  Object.assign(mining, { topK: 1, maxPairs: 2 });
  assert.deepEqual(await found, pairs);
});

test("util: what is saved or appended is what the call was given", async (t) => {
  const at = await temporaryFolder(t);
  const rows = () => [Float32Array.of(1, 2), Float32Array.of(3, 4), Float32Array.of(5, 6)];
  for (const extension of ["safetensors", "jsonl"] as const) {
    const saved = {
      embeddings: rows(),
      sentences: ["a", "b", "c"],
      metadata: { k: "v" } as Record<string, string>,
    };
    const file = new URL(`file://${at}/saved.${extension}`);
    const saving = util.saveEmbeddings(file, saved);
    const encoding = util.encodeEmbeddings(saved, extension);
    saved.embeddings.length = 1;
    saved.sentences.fill("x");
    saved.metadata.k = "w";
    file.pathname = `${at}/elsewhere.${extension}`;
    await saving;
    for (const read of [
      await util.loadEmbeddings(`${at}/saved.${extension}`),
      await util.decodeEmbeddings(await encoding, extension),
    ]) {
      assert.deepEqual(read.embeddings, rows());
      assert.deepEqual(read.sentences, ["a", "b", "c"]);
      assert.deepEqual(read.metadata, { k: "v" });
    }

    const metadata: Record<string, string> = { k: "v" };
    const options = { model: "m" as string | undefined, metadata };
    const opening = util.openEmbeddingWriter(`${at}/grown.${extension}`, options);
    metadata.k = "w";
    options.model = "n";
    const writer = await opening;
    const buffer = Float32Array.of(1, 2);
    const names = ["a"];
    const first = writer.append({ embeddings: [buffer], sentences: names });
    buffer.set([3, 4]);
    names[0] = "b";
    const second = writer.append({ embeddings: [buffer], sentences: names });
    buffer.fill(9);
    names.length = 0;
    await Promise.all([first, second]);
    await writer.close();
    const last = { embeddings: [Float32Array.of(5, 6)], sentences: ["c"], model: "m" as string };
    const appending = util.appendEmbeddings(`${at}/grown.${extension}`, last);
    last.embeddings[0]!.fill(0);
    last.sentences.length = 0;
    last.model = "another";
    await appending;
    const grown = await util.loadEmbeddings(`${at}/grown.${extension}`);
    assert.deepEqual(grown.embeddings, rows());
    assert.deepEqual(grown.sentences, ["a", "b", "c"]);
    assert.deepEqual([grown.model, grown.metadata], ["m", { k: "v" }]);
  }
});

test("save: options are those of the call", async () => {
  const save = async (change: boolean) => {
    const files = new Map<string, number>();
    const options = { dtype: "float16" as "float16" | "float32" };
    const target = {
      write: async (path: string, content: string | Uint8Array | AsyncIterable<Uint8Array>) => {
        let size = 0;
        if (typeof content === "string" || content instanceof Uint8Array) size = content.length;
        else for await (const piece of content) size += piece.length;
        files.set(path, size);
      },
    };
    const saving = model.save(target, options);
    if (change) options.dtype = "float32";
    await saving;
    return files;
  };
  assert.deepEqual(await save(true), await save(false));
});

test("a pool's own run cuts its chunks from the texts of the call", async () => {
  const { spawn } = inProcessWorkers();
  const pool = await EncodingPool.start(await poolModel(folder), ["cpu"], {
    spawn,
  });
  const list = [...texts];
  const running = pool.run(
    embeddingVectors,
    list,
    { prompt: null, task: null, batchSize: 4, truncateDim: null, normalize: false },
    { maxSeqLength: null, chunkSize: 3, signal: undefined, onChunk: () => list.fill("changed") },
  );
  assert.deepEqual((await running).vectors, expected);
  await pool.stop();
});
