/** What encode asks of a backend besides kernels: how it likes its batches, whether work has failed, whether it is lost. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { memoryCheckpoint } from "../../src/checkpoint/memory-checkpoint.ts";
import { makeBatches } from "../../src/encode/batches.ts";
import { AutoModel, SentenceTransformer, Tensor, type Transformer } from "../../src/index.ts";
import { Weights } from "../../src/nn/weights.ts";
import { nextMacrotask } from "../../src/runtime/scheduling.ts";
import { createJsBackend, JsBackend } from "../../src/tensor/backend/js/js-backend.ts";
import { ThreadedWasmBackend } from "../../src/tensor/backend/wasm/threads/threaded-backend.ts";
import { createWasmBackend } from "../../src/tensor/backend/wasm/wasm-backend.ts";
import type { Backend, Capabilities } from "../../src/tensor/backend.ts";
import { modelFolder } from "../helpers/fixtures.ts";

const folder = modelFolder("bert-mean");
const texts = Array.from({ length: 70 }, (_, i) => `text ${i}`);

async function loadOn(t: TestContext, changes: Partial<Backend> = {}): Promise<SentenceTransformer> {
  const model = await SentenceTransformer.load(folder, { backend: "js" });
  t.after(() => model.dispose());
  Object.assign(backendOf(model), changes);
  return model;
}

function backendOf(model: SentenceTransformer): Backend {
  return (model.modules[0] as Transformer).backend;
}

function withCapabilities(model: SentenceTransformer, changes: Partial<Capabilities>): void {
  const backend = backendOf(model);
  Object.assign(backend, { capabilities: { ...backend.capabilities, ...changes } });
}

/** Texts in each batch of a call. */
async function batchesOf(model: SentenceTransformer, batchSize?: number): Promise<number[]> {
  const done: number[] = [0];
  await model.encode(texts, { batchSize, onProgress: (count) => done.push(count) });
  return done.slice(1).map((count, i) => count - done[i]!);
}

test("without a batchSize, batches have as many texts as the backend likes: 32 on every CPU backend", async (t) => {
  const wasm = createWasmBackend();
  for (const backend of [createJsBackend(), wasm, new ThreadedWasmBackend(wasm, 2, nextMacrotask)]) {
    assert.equal(backend.capabilities.batchTexts, 32);
    await backend.dispose();
  }
  const model = await loadOn(t);
  withCapabilities(model, { batchTokens: 10_000 });
  assert.deepEqual(await batchesOf(model), [32, 32, 6]);
  withCapabilities(model, { batchTexts: 50 });
  assert.deepEqual(await batchesOf(model), [50, 20]);
  assert.deepEqual(await batchesOf(model, 40), [40, 30], "what the caller says counts");
});

test("a batch has no more tokens than the backend likes, and one text at least", async (t) => {
  const model = await loadOn(t);
  withCapabilities(model, { batchTokens: 9 });
  const input = model.modules[0] as Transformer;
  const batches = [...makeBatches([...texts, "a ".repeat(40)], input, { batchSize: null, task: null })];
  assert.deepEqual(batches[0]!.indices, [70]);
  for (const { texts: some } of batches.slice(1)) {
    assert.ok(some.reduce((sum, { inputIds }) => sum + inputIds.length, 0) <= 9);
  }
  assert.equal(batches.flatMap(({ indices }) => indices).length, 71);
});

test("an error that only settle reports makes the batch reject, and the next batch works", async (t) => {
  const failure = new Error("out of memory, said later");
  const model = await loadOn(t);
  const expected = await model.encode(texts);
  const backend = backendOf(model);
  const { settle } = backend;
  let calls = 0;
  Object.assign(backend, {
    settle: async () => {
      if (++calls === 2) throw failure;
    },
  });
  await assert.rejects(model.encode(texts), failure);
  Object.assign(backend, { settle });
  assert.deepEqual(await model.encode(texts), expected);
});

test("an error that only settle reports makes the filling of weights reject", async () => {
  const failure = new Error("a matrix did not fit");
  const backend = createJsBackend();
  Object.assign(backend, { settle: () => Promise.reject(failure) });
  const checkpoint = memoryCheckpoint("memory", [
    { name: "weight", shape: [2, 2], values: Float32Array.of(1, 2, 3, 4) },
  ]);
  const weights = Weights.of(checkpoint, backend);
  weights.matrix("weight", 2, 2);
  await assert.rejects(weights.fill(), failure);
});

test("the encoder alone reports such an error, too", async (t) => {
  const model = await AutoModel.fromPretrained(folder, { backend: "js" });
  t.after(() => model.dispose());
  const inputs = { inputIds: Tensor.from(Int32Array.of(2, 5, 3), [1, 3]) };
  await model(inputs);
  const failure = new Error("said later");
  t.mock.method(JsBackend.prototype, "settle", () => Promise.reject(failure));
  await assert.rejects(model(inputs), failure);
});

test("a lost backend computes nothing: its error is what calls reject with", async (t) => {
  const lost = new Error("the device is gone");
  const model = await loadOn(t);
  await model.encode(texts);
  const backend = backendOf(model);
  Object.assign(backend, { lost, allocate: () => assert.fail("a kernel was prepared") });
  await assert.rejects(model.encode(texts), lost);
});
