import assert from "node:assert/strict";
import { test } from "node:test";
import { Limiter } from "../../../src/sources/hub/limiter.ts";
import type { ModelListing } from "../../../src/sources/hub/listing.ts";
import { isWeights, type ModelPlan, planFolder, planModel } from "../../../src/sources/hub/model-plan.ts";

function listing(...paths: readonly string[]): ModelListing {
  const unknown = { size: undefined, etag: undefined };
  return { commit: "a".repeat(40), files: new Map(paths.map((path) => [path, unknown])) };
}

/** The plan of a model that has these files, with these contents where they are read. */
async function plan(
  paths: readonly string[],
  contents: Readonly<Record<string, unknown>>,
): Promise<ModelPlan> {
  return await planModel(listing(...paths, ...Object.keys(contents)), async (path) => {
    const content = contents[path];
    const text = typeof content === "string" ? content : JSON.stringify(content);
    return content === undefined ? undefined : new TextEncoder().encode(text);
  });
}

/** The folders that are planned of all that a model has. */
async function plannedFolders(
  folders: readonly string[],
  contents: Readonly<Record<string, unknown>>,
): Promise<string[]> {
  const { weights } = await plan(
    folders.map((folder) => `${folder}/model.safetensors`),
    contents,
  );
  return weights.map((path) => path.slice(0, path.lastIndexOf("/")));
}

test("the files of a model are settings, one tokenizer and one form of the weights", async () => {
  // What sentence-transformers/all-MiniLM-L6-v2 has, and then some.
  const { descriptions, weights } = await plan(
    [
      ...[".gitattributes", "README.md", "data_config.json", "train_script.py", "generation_config.json"],
      ...["config.json", "config_sentence_transformers.json", "sentence_bert_config.json"],
      ...["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"],
      ...["model.safetensors", "pytorch_model.bin", "tf_model.h5", "rust_model.ot"],
      ...["onnx/model.onnx", "openvino/openvino_model.bin", "1_Pooling/config.json", "3_Other/config.json"],
    ],
    { "modules.json": [{ path: "" }, { path: "1_Pooling" }, { path: "2_Normalize" }] },
  );
  assert.deepEqual([...descriptions].sort(), [
    "1_Pooling/config.json",
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
  ]);
  assert.deepEqual(weights, ["model.safetensors"]);
});

test("without tokenizer.json the vocabularies are needed", () => {
  const { descriptions } = planFolder(listing("vocab.txt", "merges.txt", "spiece.model", "other.txt"), "");
  assert.deepEqual(descriptions, ["vocab.txt", "merges.txt", "spiece.model"]);
});

test("weights come in the first form that is there, with all their shards, in each module's folder", async () => {
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const index = "model.safetensors.index.json";
  const cases: [string[], string[]][] = [
    [["pytorch_model.bin", "model.safetensors", index, ...shards], ["model.safetensors"]],
    [["pytorch_model.bin", index, ...shards], [...shards]],
    [["pytorch_model.bin", ...shards], ["pytorch_model.bin"]],
    [
      [
        "pytorch_model.bin.index.json",
        "pytorch_model-00001-of-00001.bin",
        "a/pytorch_model-00001-of-00001.bin",
      ],
      ["pytorch_model-00001-of-00001.bin"],
    ],
    [["model.onnx"], []],
  ];
  for (const [paths, expected] of cases) {
    const { descriptions, weights } = planFolder(listing(...paths), "");
    assert.deepEqual(weights, expected);
    // The index of shards is small: reading it must not fetch them.
    assert.equal(descriptions.includes(index), expected === cases[1]![1]);
  }
  const { weights } = await plan(
    ["0_Transformer/pytorch_model.bin", "2_Dense/model.safetensors", "2_Dense/pytorch_model.bin"],
    { "modules.json": [{ path: "0_Transformer" }, { path: "2_Dense" }] },
  );
  assert.deepEqual(weights, ["0_Transformer/pytorch_model.bin", "2_Dense/model.safetensors"]);
});

test("weights are told by their names", () => {
  for (const path of ["model.safetensors", "2_Dense/pytorch_model.bin"]) {
    assert.ok(isWeights(path), path);
  }
  for (const path of ["config.json", "spiece.model", "bin", "tokenizer.json", "model.safetensors.index.json"])
    assert.ok(!isWeights(path), path);
});

test("a list of modules that is broken names none, a hostile one not too many", async () => {
  const folders = (names: readonly string[], modulesJson: unknown) =>
    plannedFolders(names, { "modules.json": modulesJson });
  assert.deepEqual(
    await folders(
      ["1_Pooling", "../x", "/x", "1", "null"],
      '[{"path":""},{"path":"1_Pooling"},{"path":"../x"},{"path":"/x"},{"path":1},7,null]',
    ),
    ["1_Pooling"],
  );
  for (const text of ["", "{", "{}", "null", "7"])
    assert.deepEqual(await folders(["1_Pooling"], text), [], text);
  const many = Array.from({ length: 9999 }, (_, i) => `m${i}`);
  const hostile = many.map((path) => ({ path }));
  assert.equal((await folders(many, hostile)).length, 100);
});

test("the routes of a router are read where the loader reads them, and not without end", async () => {
  const modules = [{ path: "", type: "models.Router" }];
  const types = (...ids: readonly string[]) => ({
    types: Object.fromEntries(ids.map((id) => [id, "models.Dense"])),
  });
  const folders = (contents: Readonly<Record<string, unknown>>, names: readonly string[] = ["a", "b"]) =>
    plannedFolders(names, { "modules.json": modules, ...contents });
  assert.deepEqual(await folders({ "router_config.json": types("a"), "config.json": types("b") }), ["a"]);
  assert.deepEqual(await folders({ "router_config.json": {}, "config.json": types("b") }), ["b"]);
  assert.deepEqual(await folders({ "config.json": types("b") }), ["b"]);
  for (const broken of ["", "{", "null", "7", '{"types":[null]}', '{"types":7}', '{"types":{"../x":"y"}}']) {
    assert.deepEqual(await folders({ "router_config.json": broken }, ["a", "../x"]), [], broken);
  }
  const routers = { types: { a: "models.Router", b: "models.Asym" } };
  assert.deepEqual(
    await folders({ "router_config.json": routers, "b/config.json": types("c") }, ["a", "b", "b/c"]),
    ["a", "b", "b/c"],
  );
  const many = Array.from({ length: 9999 }, (_, i) => `m${i}`);
  assert.equal((await folders({ "router_config.json": types(...many) }, many)).length, 99);
});

test("no more than the limit run at a time, in the order of asking, also when some fail", async () => {
  const limiter = new Limiter(3);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) =>
      limiter.run(async () => {
        started.push(i);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, i % 3));
        running--;
        if (i % 4 === 0) throw new Error(String(i));
        return i;
      }),
    ),
  );
  assert.equal(most, 3);
  assert.deepEqual(
    started,
    Array.from({ length: 20 }, (_, i) => i),
  );
  assert.equal(results.filter(({ status }) => status === "rejected").length, 5);
});
