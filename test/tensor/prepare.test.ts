/** What a backend is told to prepare while a model is loaded: all that a batch will call. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { AutoModel, SentenceTransformer, Tensor, Transformer } from "../../src/index.ts";
import { createJsBackend, JsBackend } from "../../src/tensor/backend/js/js-backend.ts";
import type { Backend, KernelVariant } from "../../src/tensor/backend.ts";
import type { AnyKernel } from "../../src/tensor/kernel.ts";
import { makeKernels } from "../../src/tensor/kernel-table.ts";
import { readElements } from "../../src/tensor/read.ts";
import { recordKernels, variantOf } from "../../src/tensor/record-kernels.ts";
import { tracedBackend } from "../../src/tensor/traced-backend.ts";
import { modelFolder } from "../helpers/fixtures.ts";

const texts = ["a short text", "and another one that is longer than the first", ""];

interface Preparation {
  readonly listed: KernelVariant[];
  readonly called: Set<string>;
}

/** Gives the js backend a `prepare`, after which it notes what is called. */
function preparing(t: TestContext): Preparation {
  const preparation: Preparation = { listed: [], called: new Set() };
  const prototype = JsBackend.prototype as Backend;
  t.after(() => Reflect.deleteProperty(prototype, "prepare"));
  prototype.prepare = async function (this: Backend, variants) {
    preparation.listed.push(...variants);
    const { kernels } = this;
    this.kernels = makeKernels(
      (name, declaration): AnyKernel =>
        (operands, dims) => {
          preparation.called.add(JSON.stringify({ kernel: name, ...variantOf(declaration, operands, dims) }));
          (kernels[name] as AnyKernel)(operands, dims);
        },
    );
  };
  return preparation;
}

const models = {
  "bert-mean": {},
  "distilbert-mean": {},
  "mpnet-mean": {},
  "roberta-mean": {},
  "xlm-roberta-mean": {},
  "bert-dense-chain": {},
  "bert-normalize": {},
  "static-embedding": {},
  "weighted-layer-pooling": {},
  "bert-six-pools-list": {},
  "asym-legacy": { task: "query" },
} as const;

for (const [name, options] of Object.entries(models)) {
  test(`${name}: a batch calls nothing that was not listed before, and gives the same bits`, async (t) => {
    const plain = await SentenceTransformer.load(modelFolder(name), { backend: "js" });
    const expected = await plain.encode(texts, { ...options, prompt: "a prompt " });
    await plain.dispose();

    const { listed, called } = preparing(t);
    const model = await SentenceTransformer.load(modelFolder(name), { backend: "js" });
    assert.equal(called.size, 0, "a kernel was run while the model was loaded");
    const names = listed.map((variant) => JSON.stringify(variant));
    assert.equal(new Set(names).size, names.length, "each once");
    assert.deepEqual(await model.encode(texts, { ...options, prompt: "a prompt " }), expected);
    assert.ok(called.size > 0);
    assert.deepEqual(
      [...called].filter((variant) => !names.includes(variant)),
      [],
    );
    await model.dispose();
  });
}

test("the list of a BERT says what a kernel is compiled for, and nothing of the two tokens", async (t) => {
  const { listed } = preparing(t);
  const model = await SentenceTransformer.load(modelFolder("bert-mean"), { backend: "js" });
  t.after(() => model.dispose());
  const kernels = listed.map(({ kernel }) => kernel);
  assert.deepEqual([...new Set(kernels)].toSorted(), [
    "attention",
    "embeddingSum",
    "layerNorm",
    "linear",
    "pool",
  ]);
  const linear = listed.filter(({ kernel }) => kernel === "linear");
  assert.deepEqual(
    linear.map(({ dims, absent }) => [dims.activation, absent.includes("residual"), "rows" in dims]),
    [
      [null, true, false], // query, key, value
      [null, false, false], // attention's output
      ["gelu", true, false],
      [null, false, false],
    ],
  );
  assert.equal(listed.find(({ kernel }) => kernel === "embeddingSum")!.counts.tables, 3);
  assert.ok((listed.find(({ kernel }) => kernel === "attention")!.dims.headDim as number) > 0);
});

test("the routes of a router are all prepared", async (t) => {
  const { listed, called } = preparing(t);
  const model = await SentenceTransformer.load(modelFolder("asym-legacy"), { backend: "js" });
  t.after(() => model.dispose());
  for (const task of ["query", "document"]) await model.encode(texts, { task });
  const names = listed.map((variant) => JSON.stringify(variant));
  assert.deepEqual(
    [...called].filter((variant) => !names.includes(variant)),
    [],
  );
});

test("an encoder alone is prepared, too", async (t) => {
  const { listed, called } = preparing(t);
  const model = await AutoModel.fromPretrained(modelFolder("bert-mean"), { backend: "js" });
  t.after(() => model.dispose());
  await model({ inputIds: Tensor.from(Int32Array.of(2, 5, 3), [1, 3]) }, { outputHiddenStates: true });
  const names = listed.map((variant) => JSON.stringify(variant));
  assert.ok(called.size > 0);
  assert.deepEqual(
    [...called].filter((variant) => !names.includes(variant)),
    [],
  );
});

test("a Transformer by itself is prepared, too", async (t) => {
  const { listed } = preparing(t);
  const transformer = await Transformer.fromPretrained(modelFolder("bert-mean"), { backend: "js" });
  t.after(() => transformer.dispose());
  assert.ok(listed.length > 0);
});

test("a traced backend lists its calls without computing them, and computes again afterwards", async () => {
  const backend = tracedBackend(createJsBackend());
  const [out, one] = [backend.allocate(1), backend.allocate(1)];
  backend.write(out, Float32Array.of(5), 0);
  backend.write(one, Float32Array.of(1), 0);
  const add = () => backend.kernels.add({ out, a: out, b: one }, { length: 1 });
  const listed = await recordKernels(backend, async () => add());
  assert.deepEqual(
    listed.map(({ kernel }) => kernel),
    ["add"],
  );
  assert.deepEqual([...(await readElements(backend, out, 0, 1))], [5]);
  add();
  assert.deepEqual([...(await readElements(backend, out, 0, 1))], [6]);
  await backend.dispose();
});

test("a backend without prepare costs no run", async (t) => {
  const forward = t.mock.method(Transformer.prototype, "forward");
  const model = await SentenceTransformer.load(modelFolder("bert-mean"), { backend: "js" });
  assert.equal(forward.mock.callCount(), 0);
  await model.encode(texts);
  assert.ok(forward.mock.callCount() > 0);
  await model.dispose();
});

test("a load fails with what prepare rejects with, and weights are no longer read", async (t) => {
  preparing(t);
  const failure = new Error("a shader does not compile");
  (JsBackend.prototype as Backend).prepare = () => Promise.reject(failure);
  await assert.rejects(SentenceTransformer.load(modelFolder("bert-mean"), { backend: "js" }), failure);
});
