import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ArgumentError,
  Dense,
  Pooling,
  SentenceTransformer,
  Transformer,
  UnsupportedError,
} from "../../src/index.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { ModelFiles } from "../helpers/model-files.ts";

const files = (name = "bert-dense-tanh-normalize") => ModelFiles.ofFixture(name);

async function refuses(model: ModelFiles, name: string, message: RegExp): Promise<void> {
  await assert.rejects(SentenceTransformer.load(model.source), (error: Error) => {
    assert.equal(error.name, name, error.stack);
    assert.match(error.message, message);
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
    await refuses(
      files().write("modules.json", moduleList(type)),
      "UnsupportedError",
      new RegExp(`modules\\.json: module type "${type}" is not supported; known: Transformer, Pooling`),
    );
  }
});

test("modules.json: what is not a list of modules is an error of the file", async () => {
  await refuses(files().write("modules.json", "{}"), "FormatError", /modules\.json: expected an array/);
  await refuses(files().write("modules.json", "[]"), "FormatError", /modules\.json: lists no module/);
  await refuses(files().write("modules.json", "[3]"), "FormatError", /entry 0: expected an object/);
  await refuses(files().write("modules.json", '[{"type": "x"}]'), "FormatError", /"path" is missing/);
});

test("modules.json: a path cannot leave the model's folder", async () => {
  const listed = (path: string) =>
    files("bert-mean").write("modules.json", moduleList("sentence_transformers.models.Pooling", path));
  await refuses(
    listed("../1_Pooling"),
    "FormatError",
    /modules\.json: entry 1: the path "\.\.\/1_P.* contains/,
  );
  await refuses(listed("/1_Pooling"), "FormatError", /modules\.json: entry 1: the path "\/1_P.* is absolute/);
  for (const path of ["1_Pooling", "./1_Pooling", "1_Pooling/"]) {
    const model = await SentenceTransformer.load(listed(path).source);
    assert.equal((await model.encode("a")).length, model.getEmbeddingDimension());
    await model.dispose();
  }
});

test("widths of modules that do not fit one another are an error of the file that says so", async () => {
  await refuses(
    files("bert-mean").edit("1_Pooling/config.json", { word_embedding_dimension: 7 }),
    "FormatError",
    /1_Pooling\/config\.json: Pooling takes 7 dimensions; the modules before it give \d+$/,
  );
  // Modules that came together without files are told when texts are encoded.
  const transformer = await Transformer.fromPretrained(modelFolder("bert-mean"));
  const model = new SentenceTransformer({ modules: [transformer, new Pooling({ embeddingDimension: 7 })] });
  await assert.rejects(model.encode("a"), /Pooling: expected token embeddings of 7 dimensions, got \d+/);
  await model.dispose();
});

test("a limit without room for the special tokens is an error of the model", () =>
  refuses(
    files("bert-mean").edit("sentence_bert_config.json", { max_seq_length: 1 }),
    "FormatError",
    /^model: texts are to be cut to 1 tokens; the special tokens alone are 2$/,
  ));

test("null is no value: what reads it does not take its default", async () => {
  const config = (changes: Record<string, unknown>) => files("bert-mean").edit("config.json", changes);
  await refuses(config({ hidden_act: null }), "FormatError", /"hidden_act": expected a string, found null/);
  await refuses(config({ layer_norm_eps: null }), "FormatError", /"layer_norm_eps": expected a number/);
  await refuses(
    files("bert-mean").edit("1_Pooling/config.json", { pooling_mode: null }),
    "UnsupportedError",
    /pooling mode null is not known/,
  );
  const model = await SentenceTransformer.load(config({ pad_token_id: null }).source); // no padding here
  await model.dispose();
});

test("pooling: unknown modes, keys and wrong types are refused by name", async () => {
  const pooling = (changes: Record<string, unknown>) =>
    files("bert-mean").edit("1_Pooling/config.json", changes);
  await refuses(
    pooling({ pooling_mode: "median" }),
    "UnsupportedError",
    /pooling mode "median" is not known/,
  );
  await refuses(pooling({ pooling_mode: ["mean", 3] }), "UnsupportedError", /pooling mode 3 is not known/);
  await refuses(pooling({ pooling_mode: [] }), "FormatError", /"pooling_mode" is an empty list/);
  await refuses(
    pooling({ pooling_mode_median: true }),
    "UnsupportedError",
    /"pooling_mode_median" is not known/,
  );
  await refuses(
    pooling({ pooling_mode_mean_tokens: "yes" }),
    "FormatError",
    /expected true or false, found "yes"/,
  );
  await refuses(pooling({ word_embedding_dimension: 0 }), "FormatError", /expected a whole number from 1 on/);
  assert.throws(() => new Pooling({ embeddingDimension: 4, poolingMode: [] }), ArgumentError);
  assert.throws(() => new Pooling({ embeddingDimension: 4, poolingMode: "sum" as never }), ArgumentError);
  assert.throws(() => new Pooling({ embeddingDimension: 0 }), ArgumentError);
});

test("dense: unknown activations and shapes that do not fit are refused by name", async () => {
  const dense = (changes: Record<string, unknown>) => files().edit("2_Dense/config.json", changes);
  await refuses(
    dense({ activation_function: "torch.nn.modules.activation.Mish" }),
    "UnsupportedError",
    /2_Dense\/config\.json: activation_function "torch\.nn\.modules\.activation\.Mish" is not supported/,
  );
  for (const name of ["my.Tanh", "torch.nn.functional.Tanh"]) {
    await refuses(dense({ activation_function: name }), "UnsupportedError", new RegExp(`"${name}"`));
  }
  const model = await SentenceTransformer.load(dense({ activation_function: "torch.nn.Tanh" }).source);
  await model.dispose();
  await refuses(dense({ out_features: 3 }), "FormatError", /"linear\.weight": expected shape \[3, \d+\]/);
  await refuses(dense({ bias: false }), "FormatError", /does not use 1 tensor .*linear\.bias/);
  await refuses(dense({ use_residual: true }), "FormatError", /no tensor "residual\.weight"/);
});

test("settings of another kind of model are refused", async () => {
  const settings = (changes: Record<string, unknown>) =>
    files("bert-saved").edit("config_sentence_transformers.json", changes);
  await refuses(settings({ model_type: "SparseEncoder" }), "UnsupportedError", /model_type "SparseEncoder"/);
  await refuses(
    settings({ similarity_fn_name: "maxsim" }),
    "UnsupportedError",
    /similarity_fn_name "maxsim"/,
  );
  await refuses(
    settings({ prompts: { query: 3 } }),
    "FormatError",
    /"prompts": "query": expected a string, found 3/,
  );
  await refuses(settings({ truncate_dim: -1 }), "FormatError", /"truncate_dim": expected a whole number/);
  await refuses(settings({ default_prompt_name: "nope" }), "ArgumentError", /no prompt "nope"/);
  await refuses(
    files("bert-mean").edit("sentence_bert_config.json", { transformer_task: "fill-mask" }),
    "UnsupportedError",
    /transformer_task "fill-mask"/,
  );
});

test("a model of modules needs one that turns text into tokens first", async () => {
  assert.throws(() => new SentenceTransformer({ modules: [] }), /got no modules/);
  assert.throws(
    () => new SentenceTransformer({ modules: [new Pooling({ embeddingDimension: 4 })] }),
    /got Pooling/,
  );
  const transformer = await Transformer.fromPretrained(modelFolder("bert-mean"));
  const model = new SentenceTransformer({ modules: [transformer] });
  await assert.rejects(
    model.encode("a"),
    /makes the feature "sentence_embedding"; there is token_embeddings/,
  );
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
