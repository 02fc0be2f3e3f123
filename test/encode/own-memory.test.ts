/**
 * Every vector that is handed out in a list owns its memory: whoever stores, transfers or writes one of them handles
 * its bytes and no others. Matrices have one buffer, and views are what `convertToTensor` is for.
 */

import assert from "node:assert/strict";
import { test as testOf } from "node:test";
import {
  embeddingMatrix,
  embeddingVectors,
  textFeatures,
  tokenEmbeddings,
} from "../../src/encode/outputs.ts";
import { SentenceTransformer, Tensor, util } from "../../src/index.ts";
import { EncodingPool } from "../../src/workers/encoding-pool.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { quietly } from "../helpers/quietly.ts";
import { inProcessWorkers } from "../workers/in-process-workers.ts";
import { poolModel } from "../workers/pool-model.ts";

type Owner = Float32Array | Float64Array | Int32Array | Int8Array | Uint8Array;

const precisions = ["float32", "int8", "uint8", "binary", "ubinary"] as const;
const texts = Array.from({ length: 11 }, (_, i) => `text ${i} ${"word ".repeat((i * 5) % 7)}`);

const test = (name: string, body: () => void | Promise<void>) =>
  testOf(name, () => quietly(async () => await body()));

const model = await SentenceTransformer.load(modelFolder("bert-mean"), {
  threads: 1,
  prompts: { query: "q ", document: "d " },
});
const dimension = model.getEmbeddingDimension();

function assertOwnMemory(arrays: readonly Owner[], expected = texts.length): void {
  assert.ok(arrays.length >= expected && expected > 1, "the premise needs several arrays");
  const buffers = new Set<ArrayBufferLike>();
  for (const array of arrays) {
    assert.equal(array.byteOffset, 0);
    assert.equal(array.buffer.byteLength, array.byteLength);
    assert.ok(array.buffer instanceof ArrayBuffer, "what is shared cannot be transferred");
    buffers.add(array.buffer);
  }
  assert.equal(buffers.size, arrays.length);
}

for (const precision of precisions) {
  test(`${precision}: encode, encodeQuery and encodeDocument give vectors that own their memory`, async () => {
    assertOwnMemory(await model.encode(texts, { precision }));
    assertOwnMemory(await model.encode(texts, { precision, batchSize: 3, normalizeEmbeddings: true }));
    assertOwnMemory(await model.encode(texts, { precision, batchSize: 1, truncateDim: 8 }));
    assertOwnMemory(await model.encodeQuery(texts, { precision }));
    assertOwnMemory(await model.encodeDocument(texts, { precision }));
    const one = await model.encode(texts[0]!, { precision });
    assert.deepEqual([one.byteOffset, one.buffer.byteLength], [0, one.byteLength]);
  });

  test(`${precision}: so do those of a stream`, async () => {
    const vectors: Owner[] = [];
    const quantizationRanges = [new Float32Array(dimension).fill(-1), new Float32Array(dimension).fill(1)];
    for await (const { embedding } of model.encodeStream(texts, { precision, quantizationRanges })) {
      vectors.push(embedding);
    }
    assertOwnMemory(vectors);
  });

  test(`${precision}: token embeddings of several texts do not share memory`, async () => {
    const tensors = await model.encode(texts, { precision, outputValue: "token_embeddings" });
    assertOwnMemory(tensors.map(({ data }) => data));
  });

  test(`${precision}: a tensor of all texts has one buffer, and its rows are views`, async () => {
    const matrix = await model.encode(texts, { precision, convertToTensor: true });
    assert.equal(matrix.data.byteOffset, 0);
    assert.equal(matrix.data.buffer.byteLength, matrix.data.byteLength);
    const rows = texts.map((_, i) => matrix.row(i).data);
    assert.ok(rows.every(({ buffer }) => buffer === matrix.data.buffer));
    assert.deepEqual(rows, await model.encode(texts, { precision }));
  });

  test(`${precision}: quantizeEmbeddings gives vectors that own their memory, and one buffer for a tensor`, () => {
    const floats = texts.map((_, i) => Float32Array.from({ length: 16 }, (_, k) => Math.sin(i * 16 + k)));
    const vectors = util.quantizeEmbeddings(floats, precision);
    assertOwnMemory(vectors);
    const matrix = Tensor.from(Float32Array.from(floats.flatMap((row) => [...row])), [texts.length, 16]);
    const quantized = util.quantizeEmbeddings(matrix, precision);
    assert.deepEqual(
      texts.map((_, i) => quantized.row(i).data),
      vectors,
    );
    assert.equal(quantized.data.buffer.byteLength, quantized.data.byteLength);
  });
}

test("everything that outputValue null gives owns its memory, from text to text and from field to field", async () => {
  const features = await model.encode(texts, { outputValue: null, prompt: "p " });
  const arrays = features.flatMap((each) => [
    each.inputIds,
    each.tokenTypeIds!,
    each.attentionMask,
    each.sentenceEmbedding,
    each.tokenEmbeddings!.data,
  ]);
  assertOwnMemory(arrays, 5 * texts.length);
});

test("results of a pool own their memory, however they were cut into chunks", async () => {
  const workers = inProcessWorkers();
  const pool = await EncodingPool.start(await poolModel(modelFolder("bert-mean")), ["cpu", "cpu"], {
    spawn: workers.spawn,
  });
  const job = { prompt: null, task: null, batchSize: 32, truncateDim: null, normalize: false };
  for (const chunkSize of [undefined, 1, 4]) {
    const run = { maxSeqLength: null, chunkSize, signal: undefined, onChunk: undefined };
    const { vectors } = await pool.run(embeddingVectors, texts, job, run);
    assert.deepEqual(vectors, await model.encode(texts));
    assertOwnMemory(vectors);
    const tokens = await pool.run(tokenEmbeddings, texts, job, run);
    assertOwnMemory(tokens.map(({ data }) => data));
    const all = await pool.run(textFeatures, texts, job, run);
    assertOwnMemory(
      all.flatMap((each) => [each.inputIds, each.sentenceEmbedding, each.tokenEmbeddings!.data]),
      3 * texts.length,
    );
  }
  await pool.stop();
});

test("a worker sends the vectors of a chunk as one buffer that is transferred", async () => {
  const matrix = { data: new Float32Array(6), dimension: 3, truncated: new Uint8Array(2) };
  const { transfer } = embeddingMatrix.pack(matrix);
  assert.deepEqual(transfer, [matrix.data.buffer, matrix.truncated.buffer]);
});

test("normalizeEmbeddings and truncateEmbeddings give vectors that own their memory", () => {
  const shared = Float32Array.from({ length: 4 * 6 }, (_, i) => i - 7);
  const views = Array.from({ length: 4 }, (_, i) => shared.subarray(i * 6, (i + 1) * 6));
  assertOwnMemory(util.normalizeEmbeddings(views), 4);
  for (const truncateDim of [3, 6, 9, null]) {
    assertOwnMemory(util.truncateEmbeddings(views, truncateDim), 4);
    const bytes = views.map((view) => Buffer.from(view.buffer, view.byteOffset, 6)) as Uint8Array[];
    const truncated = util.truncateEmbeddings(bytes, truncateDim);
    assertOwnMemory(truncated, 4);
    assert.deepEqual(
      truncated.map((vector) => [...vector]),
      bytes.map((vector) => [...vector].slice(0, truncateDim ?? 6)),
    );
    const one = util.truncateEmbeddings(bytes[1]!, truncateDim);
    assert.deepEqual([one.byteOffset, one.buffer.byteLength], [0, one.byteLength]);
  }
  const matrix = util.normalizeEmbeddings(Tensor.from(shared, [4, 6]));
  assert.equal(matrix.row(3).data.buffer, matrix.data.buffer);
});

for (const format of ["safetensors", "npy", "jsonl"] as const) {
  for (const precision of ["float32", "int8", "uint8"] as const) {
    test(`${precision} vectors of a .${format} file own their memory; a tensor has one buffer`, async () => {
      const embeddings = await model.encode(texts, { precision });
      const bytes = await util.encodeEmbeddings({ embeddings }, format);
      const stored = await util.decodeEmbeddings(bytes, format);
      assert.deepEqual(stored.embeddings, embeddings);
      assertOwnMemory(stored.embeddings);
      const { embeddings: matrix } = await util.decodeEmbeddings(bytes, format, { convertToTensor: true });
      assert.deepEqual(matrix.shape, [texts.length, dimension]);
      assert.equal(matrix.data.buffer.byteLength, matrix.data.byteLength);
      assert.deepEqual(
        texts.map((_, i) => matrix.row(i).data),
        embeddings,
      );
    });
  }
}

test("one vector can be transferred, stored or written without the others", async () => {
  const vectors = await model.encode(texts);
  const copies = vectors.map((vector) => vector.slice());
  const stored = structuredClone(vectors[3]!);
  assert.equal(stored.buffer.byteLength, 4 * dimension);
  const sent = structuredClone(vectors[0]!, { transfer: [vectors[0]!.buffer as ArrayBuffer] });
  assert.deepEqual(sent, copies[0]);
  assert.equal(vectors[0]!.length, 0, "the premise: it was transferred");
  assert.deepEqual(vectors.slice(1), copies.slice(1));
  assert.equal(Buffer.from(vectors[1]!.buffer).length, 4 * dimension);
});
