/** Another kind of model than SentenceTransformer: what it says of itself is little, and `BaseModel` does the rest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BaseModel, type LoadableKind } from "../../src/base-model/base-model.ts";
import { type EncodeOptions, encodeOptionNames } from "../../src/base-model/encode-options.ts";
import {
  type BaseLoadOptions,
  type BaseModelOptions,
  baseLoadOptionNames,
  type ModulesOption,
} from "../../src/base-model/load-options.ts";
import type { CardFacts } from "../../src/base-model/model-card.ts";
import { type FileSource, SentenceTransformer } from "../../src/index.ts";
import { readOptions } from "../../src/runtime/check-options.ts";
import { MemorySource } from "../../src/sources/memory-source.ts";
import { indicesOfLargest, largest } from "../encode/largest-output.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { MemoryTarget } from "../helpers/memory-target.ts";
import { ModelFiles } from "../helpers/model-files.ts";

interface OwnOptions {
  readonly count?: number | undefined;
}

class LargestEncoder extends BaseModel {
  readonly count: number;

  constructor(options: BaseModelOptions & ModulesOption & OwnOptions) {
    super(kind, options);
    this.count = options.count ?? 1;
  }

  static async load(model: string | FileSource, options: BaseLoadOptions & OwnOptions = {}) {
    return await LargestEncoder.loadAs(kind, model, options);
  }

  async encode(texts: readonly string[], options: EncodeOptions = {}): Promise<Int32Array[]> {
    this.checkAlive("encode");
    options = readOptions("encode", options, encodeOptionNames);
    const job = { ...this.runSettings(options), count: this.count };
    return await this.run(largest, texts, job, options);
  }

  encodeQuery(texts: readonly string[], options: EncodeOptions = {}): Promise<Int32Array[]> {
    return this.encode(texts, this.forTask("query", ["nope", "query"], options));
  }

  protected override savedSettings() {
    return { count: this.count };
  }

  protected override cardFacts(): CardFacts {
    return { pipelineTag: "text-ranking", tags: ["largest"], does: `finds ${this.count} dimensions` };
  }
}

const kind: LoadableKind<LargestEncoder, BaseLoadOptions & OwnOptions, OwnOptions> = {
  modelType: "LargestEncoder",
  defaultPrompts: { query: "", title: "title: " },
  loadOptionNames: { ...baseLoadOptionNames, count: true },
  settle: ({ count }, settings) => ({
    count: count ?? (settings?.has("count") ? settings.integer("count") : undefined),
  }),
  create: (options) => new LargestEncoder(options),
};

const texts = ["a river", "the mountain is high", "", "word ".repeat(40)];

function files(changes: Readonly<Record<string, unknown>> = {}): ModelFiles {
  return ModelFiles.ofFixture("bert-mean").edit("config_sentence_transformers.json", {
    model_type: "LargestEncoder",
    count: 3,
    prompts: { query: "query: " },
    ...changes,
  });
}

/** What the vectors of a SentenceTransformer say. */
async function expected(count: number, list: readonly string[] = texts): Promise<Int32Array[]> {
  await using model = await SentenceTransformer.load(modelFolder("bert-mean"), { backend: "js" });
  return (await model.encode(list)).map((vector) => indicesOfLargest(vector, count));
}

test("it loads its files, and encodes to results of its own", async () => {
  const progress: string[] = [];
  await using model = await LargestEncoder.load(files().source, {
    backend: "js",
    maxSeqLength: 30,
    progress: ({ status }) => progress.push(status),
  });
  assert.ok(model instanceof LargestEncoder && model instanceof BaseModel);
  assert.equal(model.count, 3);
  assert.ok(progress.includes("loading"));
  assert.deepEqual([model.device, model.maxSeqLength], ["cpu", 30]);
  assert.match(model.backend, /^js/);
  model.maxSeqLength = 64;
  const done: number[] = [];
  assert.deepEqual(
    await model.encode(texts, { batchSize: 3, onProgress: (count) => done.push(count) }),
    await expected(3),
  );
  assert.deepEqual(done, [3, 4]);
  assert.equal(model.tokenizer.countTokens("a river"), model.countTokens("a river"));
});

test("options win over its files, and its files over the prompts that every such model has", async () => {
  await using model = await LargestEncoder.load(files().source, {
    backend: "js",
    count: 2,
    prompts: { other: "other: " },
    defaultPromptName: "other",
  });
  assert.deepEqual(model.prompts, { query: "query: ", title: "title: ", other: "other: " });
  const prompted = async (prompt: string) =>
    await expected(
      2,
      texts.map((text) => prompt + text),
    );
  assert.deepEqual(await model.encode(texts), await prompted("other: "));
  assert.deepEqual(await model.encodeQuery(texts), await prompted("query: "));
  assert.deepEqual(await model.encode(texts, { promptName: "title" }), await prompted("title: "));
});

test("it saves a folder of its kind, which it loads again", async () => {
  const saved = new MemoryTarget();
  const model = await LargestEncoder.load(files({ count: 5 }).source, { backend: "js" });
  await model.save(saved);
  await model.dispose();
  await assert.rejects(model.encode(texts), { code: "disposed" });
  const { model_type, count, prompts } = saved.json("config_sentence_transformers.json");
  assert.deepEqual([model_type, count], ["LargestEncoder", 5]);
  assert.deepEqual(prompts, { query: "query: ", title: "title: " });
  assert.match(saved.text("README.md"), /pipeline_tag: text-ranking\n.*\ntags:\n- largest\n/);
  assert.match(saved.text("README.md"), /that finds 5 dimensions: Transformer, Pooling\./);
  await using again = await LargestEncoder.load(new MemorySource(saved.files, "saved"), { backend: "js" });
  assert.deepEqual(await again.encode(texts), await expected(5));
});

test("each kind of model rejects the others' files", async () => {
  const wrongKind = { name: "UnsupportedError", code: "unsupported-setting", subject: "model_type" };
  await assert.rejects(SentenceTransformer.load(files().source, { backend: "js" }), wrongKind);
  for (const other of [files({ model_type: "SentenceTransformer" }), files({ model_type: undefined })]) {
    await assert.rejects(LargestEncoder.load(other.source, { backend: "js" }), wrongKind);
  }
  const unsaid = files().remove("config_sentence_transformers.json");
  await assert.rejects(LargestEncoder.load(unsaid.source, { backend: "js" }), wrongKind);
});

test("without modules.json there is no model of a kind that names no modules for that", async () => {
  const plain = ModelFiles.ofFixture("bert-plain");
  await assert.rejects(LargestEncoder.load(plain.source, { backend: "js" }), {
    name: "FileError",
    code: "file-not-found",
    subject: "modules.json",
  });
});

test("its options are its own, and checked before its files are", async () => {
  const wrong = (options: object) => LargestEncoder.load("./no-such-folder", options);
  await assert.rejects(wrong({ truncateDim: 3 }), { code: "unknown-option", subject: "truncateDim" });
  await assert.rejects(wrong({ dtype: "int8" }), { code: "unsupported-dtype" });
  await assert.rejects(LargestEncoder.load(files({ count: "many" }).source, { backend: "js" }), {
    name: "FormatError",
    code: "invalid-value",
    subject: "count",
  });
  assert.throws(
    () => new LargestEncoder({ modules: [] }),
    /^ArgumentError: LargestEncoder: expected a first/,
  );
});

test("its workers load the modules of its kind", async () => {
  const model = await LargestEncoder.load(files().source, { backend: "js" });
  const pool = await model.startMultiProcessPool(["cpu"]);
  assert.equal(pool.size, 1);
  await assert.rejects(model.encode(texts, { pool }), { name: "UnsupportedError", subject: "largest" });
  await model.dispose();
  assert.equal(pool.size, 0);
});
