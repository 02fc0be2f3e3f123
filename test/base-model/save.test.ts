import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FileTarget, SentenceTransformer } from "../../src/index.ts";
import { MemorySource } from "../../src/sources/memory-source.ts";
import { modelFolder, readExpected } from "../helpers/fixtures.ts";
import { MemoryTarget } from "../helpers/memory-target.ts";
import { folderContents, temporaryFolder } from "../helpers/temporary-folder.ts";

const cases = [
  "bert-mean",
  "bert-six-pools-list",
  "bert-dense-chain",
  "bert-prompts-excluded",
  "bert-truncate-dim",
  "bert-lower",
  "bert-oldest",
  "bert-bfloat16",
  "bert-bin-sharded",
  "bert-vocab-only",
  "mpnet-mean",
  "distilbert-mean",
  "static-embedding",
  "layer-norm",
  "weighted-layer-pooling",
  "dense-residual",
  "dense-tokens",
  "router-saved",
  "router-mappings",
  "asym-legacy",
];

for (const name of cases) {
  test(`${name}: saved and loaded again, it gives the same bits`, async () => {
    const model = await SentenceTransformer.load(modelFolder(name));
    const target = new MemoryTarget();
    await model.save(target);
    const again = await SentenceTransformer.load(new MemorySource(target.files, "saved"));
    assert.equal(again.maxSeqLength, model.maxSeqLength);
    assert.equal(again.truncateDim, model.truncateDim);
    assert.equal(again.similarityFnName, model.similarityFnName);
    assert.equal(again.defaultPromptName, model.defaultPromptName);
    assert.deepEqual(again.prompts, model.prompts);
    const { texts, runs } = readExpected(name);
    for (const { method, options } of runs) {
      assert.deepEqual(await again[method]([...texts], options), await model[method]([...texts], options));
    }
    await again.dispose();
    await model.dispose();
  });
}

test("settings changed after loading are saved", async () => {
  const model = await SentenceTransformer.load(modelFolder("bert-mean"), {
    truncateDim: 8,
    similarityFnName: "dot",
  });
  model.maxSeqLength = 17;
  model.prompts = { query: "q: ", title: "t: " };
  model.defaultPromptName = "title";
  const target = new MemoryTarget();
  await model.save(target);
  assert.deepEqual(target.json("config_sentence_transformers.json"), {
    model_type: "SentenceTransformer",
    __version__: {},
    prompts: { query: "q: ", title: "t: " },
    default_prompt_name: "title",
    similarity_fn_name: "dot",
    truncate_dim: 8,
  });
  assert.equal(target.json("sentence_bert_config.json").max_seq_length, 17);
  assert.equal(target.json("config.json").dtype, "float32");
  await model.dispose();
});

test("pooling is saved as old versions read it, where they can", async () => {
  const saved = async (name: string) => {
    const model = await SentenceTransformer.load(modelFolder(name));
    const target = new MemoryTarget();
    await model.save(target);
    await model.dispose();
    return target.json("1_Pooling/config.json");
  };
  const legacy = await saved("bert-six-pools-legacy");
  assert.equal(legacy.pooling_mode_cls_token, true);
  assert.ok(!("pooling_mode" in legacy));
  const list = await saved("bert-six-pools-list");
  assert.ok(Array.isArray(list.pooling_mode));
});

test("float16 halves the file and changes only the last digits", async () => {
  const model = await SentenceTransformer.load(modelFolder("bert-mean"));
  const [full, half] = [new MemoryTarget(), new MemoryTarget()];
  await model.save(full);
  await model.save(half, { dtype: "float16" });
  assert.ok(half.files.get("model.safetensors")!.length < 0.6 * full.files.get("model.safetensors")!.length);
  assert.equal(half.json("config.json").dtype, "float16");
  const again = await SentenceTransformer.load(new MemorySource(half.files, "half"));
  const [a, b] = [await model.encode("a river"), await again.encode("a river")];
  assert.notDeepEqual(a, b);
  const largest = Math.max(...a.map(Math.abs));
  for (const [i, value] of a.entries()) assert.ok(Math.abs(value - b[i]!) < 0.02 * largest);
  await again.dispose();
  await model.dispose();
});

test("a folder on disk is made, and written over when saved again", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "new", "model");
  const model = await SentenceTransformer.load(modelFolder("bert-dense-chain"));
  const expected = await model.encode("a river");
  await model.save(path);
  await model.dispose();
  const saved = await SentenceTransformer.load(path);
  await saved.save(path); // onto the files that it was loaded from
  const again = await SentenceTransformer.load(path);
  assert.deepEqual(await again.encode("a river"), expected);
  assert.deepEqual(
    readdirSync(path, { recursive: true }).filter((name) => String(name).endsWith(".tmp")),
    [],
  );
  await saved.dispose();
  await again.dispose();
});

test("places that cannot be a folder are told by name", async () => {
  const model = await SentenceTransformer.load(modelFolder("bert-mean"), { threads: 1 });
  const inFile = join(modelFolder("bert-mean"), "config.json", "inside");
  await assert.rejects(model.save(inFile), {
    name: "FileError",
    code: "file-not-writable",
    file: inFile,
  });
  for (const place of ["", null, 3]) {
    await assert.rejects(model.save(place as never), {
      name: "ArgumentError",
      message: /^save: expected the path of a folder or a FileTarget, got /,
    });
  }
  await model.dispose();
});

test("a file that cannot be put in its place leaves no temporary ones", async (t) => {
  const root = await temporaryFolder(t);
  const model = await SentenceTransformer.load(modelFolder("bert-dense-chain"), { threads: 1 });
  mkdirSync(join(root, "config.json"));
  await assert.rejects(model.save(root), { name: "FileError", code: "file-not-writable" });
  const left = readdirSync(root, { recursive: true }).map(String);
  assert.deepEqual(
    left.filter((name) => name.endsWith(".tmp") || name === "modules.json"),
    [],
  );
  assert.ok(!left.includes("1_Pooling"), "a folder that was made for nothing");
  await model.dispose();
});

test("a save that fails leaves a folder as it is, and makes none", async (t) => {
  const root = await temporaryFolder(t);
  const model = await SentenceTransformer.load(modelFolder("bert-dense-chain"), { threads: 1 });
  const folder = join(root, "model");
  await model.save(folder);
  const before = await folderContents(folder);
  const last = {
    type: "Last",
    embeddingDimension: null,
    forward: async () => {},
    dispose: () => {},
    save: async (target: FileTarget) => {
      await target.write("config.json", "{}\n");
      throw new Error("the disk is full");
    },
  };
  const failing = new SentenceTransformer({
    modules: [...model.modules, last],
    prompts: { query: "new " },
  });
  for (const dtype of ["float16", "float32"] as const) {
    await assert.rejects(failing.save(folder, { dtype }), { message: "the disk is full" });
    assert.deepEqual(await folderContents(folder), before);
  }
  // The last file that is put in its place, when all others are in theirs.
  rmSync(join(folder, "modules.json"));
  mkdirSync(join(folder, "modules.json", "inside"), { recursive: true });
  delete before["modules.json"];
  await assert.rejects(model.save(folder, { dtype: "float16" }), { code: "file-not-writable" });
  assert.deepEqual(await folderContents(folder), before);
  await assert.rejects(failing.save(join(root, "new", "folder")), { message: "the disk is full" });
  assert.deepEqual(readdirSync(root), ["model"]);
  await failing.dispose();
});
