import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorCode } from "../../src/error-codes.ts";
import {
  ArgumentError,
  Dense,
  Pooling,
  SentenceTransformer,
  SentensorError,
  Transformer,
  UnsupportedError,
} from "../../src/index.ts";
import { MemorySource } from "../../src/sources/memory-source.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { ModelFiles } from "../helpers/model-files.ts";

const files = (name = "bert-dense-tanh-normalize") => ModelFiles.ofFixture(name);

/** The code of the error, what it is about, and the end of the file's name. */
type Expected = readonly [code: ErrorCode, subject: string | undefined, file?: string];

async function rejects(model: ModelFiles, expected: Expected): Promise<void> {
  await assert.rejects(SentenceTransformer.load(model.source), (error: Error) => {
    assert.ok(error instanceof SentensorError, error.stack);
    assert.deepEqual([error.code, error.subject], expected.slice(0, 2), error.message);
    const [, , file] = expected;
    if (file !== undefined) assert.ok(String(Reflect.get(error, "file")).endsWith(file), error.message);
    return true;
  });
}

function moduleList(type: string, path = "1_Pooling"): string {
  return JSON.stringify([
    { idx: 0, name: "0", path: "", type: "sentence_transformers.models.Transformer" },
    { idx: 1, name: "1", path, type },
  ]);
}

test("modules.json: unknown and foreign module types are refused by name", async () => {
  for (const type of ["sentence_transformers.models.CNN", "custom.Pooling", "Pooling", "toString"]) {
    await rejects(files().write("modules.json", moduleList(type)), [
      "unknown-module",
      type,
      "model/modules.json",
    ]);
  }
});

test("modules.json: what is not a list of modules is an error of the file", async () => {
  await rejects(files().write("modules.json", "{}"), ["invalid-value", undefined, "modules.json"]);
  await rejects(files().write("modules.json", "[]"), ["invalid-value", undefined, "modules.json"]);
  await rejects(files().write("modules.json", "[3]"), ["invalid-value", undefined, "modules.json"]);
  await rejects(files().write("modules.json", '[{"type": "x"}]'), ["missing-key", "path"]);
});

test("modules.json: a path cannot leave the model's folder", async () => {
  const listed = (path: string) =>
    files("bert-mean").write("modules.json", moduleList("sentence_transformers.models.Pooling", path));
  await rejects(listed("../1_Pooling"), ["path-outside-folder", "../1_Pooling", "modules.json"]);
  await rejects(listed("/1_Pooling"), ["path-outside-folder", "/1_Pooling", "modules.json"]);
  for (const path of ["1_Pooling", "./1_Pooling", "1_Pooling/"]) {
    const model = await SentenceTransformer.load(listed(path).source);
    assert.equal((await model.encode("a")).length, model.getEmbeddingDimension());
    await model.dispose();
  }
});

test("widths of modules that do not fit one another are an error of the file that says so", async () => {
  await rejects(files("bert-mean").edit("1_Pooling/config.json", { word_embedding_dimension: 7 }), [
    "width-mismatch",
    "Pooling",
    "1_Pooling/config.json",
  ]);
  // Modules that came together without files are told when texts are encoded.
  const transformer = await Transformer.fromPretrained(modelFolder("bert-mean"));
  const model = new SentenceTransformer({ modules: [transformer, new Pooling({ embeddingDimension: 7 })] });
  await assert.rejects(model.encode("a"), { code: "width-mismatch" });
  await model.dispose();
});

test("a limit without room for the special tokens is an error of the model", () =>
  rejects(files("bert-mean").edit("sentence_bert_config.json", { max_seq_length: 1 }), [
    "limit-too-small",
    undefined,
    "model",
  ]));

test("what a limit must be is said alike at each place, and is what is accepted", async () => {
  const load = (model: ModelFiles, maxSeqLength?: number) =>
    SentenceTransformer.load(model.source, { maxSeqLength, threads: 1 });
  const said = { message: /from 3 to \d+ \(the model's positions\), got 1000000/ };
  await assert.rejects(load(files("bert-mean"), 1_000_000), said);
  const model = await load(files("bert-mean"));
  assert.throws(() => {
    model.maxSeqLength = 1_000_000;
  }, said);
  await model.dispose();

  const limit = (value: number) =>
    load(files("bert-mean").edit("sentence_bert_config.json", { max_seq_length: value }));
  await assert.rejects(limit(1), /at least the 2 special tokens, found 1/);
  await (await limit(2)).dispose();

  const config = "1_WeightedLayerPooling/config.json";
  const start = (value: number) =>
    load(files("weighted-layer-pooling").edit(config, { layer_start: value, num_hidden_layers: 3 }));
  await assert.rejects(start(4), /"layer_start": expected at most the number of layers, found 4/);
  await assert.rejects(start(3), { code: "tensor-shape", subject: "layer_weights" });
});

test("a slash at the end of a folder's name is not doubled", async () => {
  const source = (modules: string) =>
    new MemorySource(new Map([["modules.json", new TextEncoder().encode(modules)]]), "models/mini/");
  for (const modules of ["[]", "[3]", '[{"type": "x", "path": ""}]', '[{"type": "x", "path": "../x"}]']) {
    await assert.rejects(SentenceTransformer.load(source(modules)), { file: "models/mini/modules.json" });
  }
});

test("null is no value: what reads it does not take its default", async () => {
  const config = (changes: Record<string, unknown>) => files("bert-mean").edit("config.json", changes);
  await rejects(config({ hidden_act: null }), ["invalid-value", "hidden_act"]);
  await rejects(config({ layer_norm_eps: null }), ["invalid-value", "layer_norm_eps"]);
  await rejects(files("bert-mean").edit("1_Pooling/config.json", { pooling_mode: null }), [
    "unknown-pooling-mode",
    "null",
  ]);
  const model = await SentenceTransformer.load(config({ pad_token_id: null }).source); // no padding here
  await model.dispose();
});

test("pooling: unknown modes, keys and wrong types are refused by name", async () => {
  const pooling = (changes: Record<string, unknown>) =>
    files("bert-mean").edit("1_Pooling/config.json", changes);
  await rejects(pooling({ pooling_mode: "median" }), ["unknown-pooling-mode", "median"]);
  await rejects(pooling({ pooling_mode: ["mean", 3] }), ["unknown-pooling-mode", "3"]);
  await rejects(pooling({ pooling_mode: [] }), ["invalid-value", "pooling_mode"]);
  await rejects(pooling({ pooling_mode_median: true }), ["unknown-setting", "pooling_mode_median"]);
  await rejects(pooling({ pooling_mode_mean_tokens: "yes" }), ["invalid-value", "pooling_mode_mean_tokens"]);
  await rejects(pooling({ word_embedding_dimension: 0 }), ["invalid-value", "word_embedding_dimension"]);
  assert.throws(() => new Pooling({ embeddingDimension: 4, poolingMode: [] }), ArgumentError);
  assert.throws(() => new Pooling({ embeddingDimension: 4, poolingMode: "sum" as never }), ArgumentError);
  assert.throws(() => new Pooling({ embeddingDimension: 0 }), ArgumentError);
});

test("dense: unknown activations and shapes that do not fit are refused by name", async () => {
  const dense = (changes: Record<string, unknown>) => files().edit("2_Dense/config.json", changes);
  await rejects(dense({ activation_function: "torch.nn.modules.activation.Mish" }), [
    "unsupported-activation",
    "torch.nn.modules.activation.Mish",
    "2_Dense/config.json",
  ]);
  for (const name of ["my.Tanh", "torch.nn.functional.Tanh"]) {
    await rejects(dense({ activation_function: name }), ["unsupported-activation", name]);
  }
  const model = await SentenceTransformer.load(dense({ activation_function: "torch.nn.Tanh" }).source);
  await model.dispose();
  await rejects(dense({ out_features: 3 }), ["tensor-shape", "linear.weight"]);
  await rejects(dense({ bias: false }), ["unused-tensors", "linear.bias"]);
  await rejects(dense({ use_residual: true }), ["missing-tensor", "residual.weight"]);
});

test("settings of another kind of model are refused", async () => {
  const settings = (changes: Record<string, unknown>) =>
    files("bert-saved").edit("config_sentence_transformers.json", changes);
  await rejects(settings({ model_type: "SparseEncoder" }), ["unsupported-setting", "model_type"]);
  await rejects(settings({ similarity_fn_name: "maxsim" }), ["unknown-similarity-function", "maxsim"]);
  await rejects(settings({ prompts: { query: 3 } }), ["invalid-value", "prompts"]);
  await rejects(settings({ truncate_dim: -1 }), ["invalid-value", "truncate_dim"]);
  await rejects(settings({ default_prompt_name: "nope" }), ["prompt-not-found", "nope"]);
  await rejects(files("bert-mean").edit("sentence_bert_config.json", { transformer_task: "fill-mask" }), [
    "unsupported-setting",
    "transformer_task",
  ]);
});

test("a model of modules needs one that turns text into tokens first", async () => {
  assert.throws(() => new SentenceTransformer({ modules: [] }), /got no modules/);
  assert.throws(
    () => new SentenceTransformer({ modules: [new Pooling({ embeddingDimension: 4 })] }),
    /got Pooling/,
  );
  const transformer = await Transformer.fromPretrained(modelFolder("bert-mean"));
  const model = new SentenceTransformer({ modules: [transformer] });
  await assert.rejects(model.encode("a"), { code: "missing-feature", subject: "sentence_embedding" });
});

test("Dense.fromWeights checks its numbers", async () => {
  const { backend } = await Transformer.fromPretrained(modelFolder("bert-mean"));
  const options = { inFeatures: 2, outFeatures: 1 };
  const weight = new Float32Array(2);
  await assert.rejects(Dense.fromWeights(options, { weight }, backend), ArgumentError);
  await assert.rejects(
    Dense.fromWeights({ ...options, bias: false }, { weight: new Float32Array(3) }, backend),
    /"linear\.weight" \[1, 2\] needs 2 values, got 3/,
  );
  await assert.rejects(
    Dense.fromWeights({ ...options, bias: false, activationFunction: "Swoosh" }, { weight }, backend),
    UnsupportedError,
  );
});
