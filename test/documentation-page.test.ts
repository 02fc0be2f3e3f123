/**
 * The examples of the Python library's documentation page "Computing Sentence Embeddings", each with its twin:
 * the code a reader of that page would write here, and the numbers that the library gives. The names of models are
 * those of the page; a hub on this machine answers to them with models/demo-en.
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AutoModel, AutoTokenizer, meanPooling, SentenceTransformer, Tensor, util } from "../src/index.ts";
import { modelFolder } from "./helpers/fixtures.ts";
import { HubServer } from "./helpers/hub-server.ts";
import { filesOfFixture } from "./helpers/model-files.ts";
import { makeTemporaryFolder, removeFolder } from "./helpers/temporary-folder.ts";

type Vectors = readonly (readonly number[])[];

interface Expected {
  readonly oracle: Readonly<Record<string, string>>;
  readonly basic: Vectors;
  readonly prompted: Readonly<Record<"prompt" | "prompt_name" | "none" | "default_prompt_name", Vectors>>;
  readonly lengths: {
    readonly default: number;
    readonly whole: Vectors;
    readonly changed: number;
    readonly shorter: Vectors;
  };
  readonly transformers: {
    readonly input_ids: Vectors;
    readonly attention_mask: Vectors;
    readonly sentence_embeddings: Vectors;
  };
}

const MODELS = ["sentence-transformers/all-MiniLM-L6-v2", "intfloat/multilingual-e5-large"];

const sentences = [
  "This framework generates embeddings for each input sentence",
  "Sentences are passed as a list of strings.",
  "The quick brown fox jumps over the lazy dog.",
];

const promptTexts = {
  classification: "Classify the following text: ",
  retrieval: "Retrieve semantically similar text: ",
  clustering: "Identify the topic or theme based on the text: ",
};

let server: HubServer;
let folder: string;
let expected: Expected;
const environment = ["HF_ENDPOINT", "SENTENCE_TRANSFORMERS_HOME"] as const;
const saved = environment.map((name) => process.env[name]);

before(async () => {
  expected = JSON.parse(
    await readFile(new URL("fixtures/documentation-page/expected.json", import.meta.url), "utf8"),
  ) as Expected;
  server = await HubServer.start();
  folder = await makeTemporaryFolder();
  for (const name of MODELS) server.publish(name, filesOfFixture("demo-en"));
  process.env.HF_ENDPOINT = server.url;
  process.env.SENTENCE_TRANSFORMERS_HOME = join(folder, "cache");
});
after(async () => {
  for (const [i, name] of environment.entries()) {
    if (saved[i] === undefined) delete process.env[name];
    else process.env[name] = saved[i];
  }
  await server.close();
  await removeFolder(folder);
});

/** The vectors have length 1. Both CPU backends lie within 8e-8 of the library here (2026-11-23). */
const TOLERANCE = 3e-7;

function assertClose(actual: Iterable<ArrayLike<number>>, wanted: Vectors): void {
  const rows = [...actual];
  assert.equal(rows.length, wanted.length);
  for (const [i, row] of rows.entries()) {
    assert.equal(row.length, wanted[i]!.length);
    const largest = Math.max(...wanted[i]!.map(Math.abs));
    for (const [j, value] of wanted[i]!.entries()) {
      assert.ok(Math.abs(row[j]! - value) <= TOLERANCE * Math.max(1, largest), `${row[j]} for ${value}`);
    }
  }
}

test("the basic example: load by name, encode, print", async () => {
  const model = await SentenceTransformer.load("all-MiniLM-L6-v2");
  const embeddings = await model.encode(sentences);
  const printed: string[] = [];
  for (const [i, sentence] of sentences.entries()) {
    printed.push(`Sentence: ${sentence}`, `Embedding: ${embeddings[i]}`, "");
  }
  assert.equal(printed.length, 9);
  assertClose(embeddings, expected.basic);
  await model.dispose();
});

test("a model is loaded by name or from a path, on a device", async () => {
  for (const model of [
    await SentenceTransformer.load(modelFolder("demo-en")),
    await SentenceTransformer.load("all-MiniLM-L6-v2", { device: "cpu" }),
  ]) {
    assert.equal(model.device, "cpu");
    assertClose(await model.encode(sentences), expected.basic);
    await model.dispose();
  }
});

test("prompts are given when the model is loaded, or later", async () => {
  const model = await SentenceTransformer.load("intfloat/multilingual-e5-large", { prompts: promptTexts });
  const other = await SentenceTransformer.load("intfloat/multilingual-e5-large");
  other.prompts = promptTexts;
  const question = "How to bake a strawberry cake";
  for (const each of [model, other]) {
    const byText = await each.encode(question, { prompt: "Retrieve semantically similar text: " });
    const byName = await each.encode(question, { promptName: "retrieval" });
    assert.deepEqual(byName, byText, "identical texts are embedded");
    assertClose([byText], expected.prompted.prompt);
    assertClose([byName], expected.prompted.prompt_name);
    assertClose([await each.encode(question)], expected.prompted.none);
    await each.dispose();
  }
});

test("a default prompt is given when the model is loaded, or later", async () => {
  const model = await SentenceTransformer.load("intfloat/multilingual-e5-large", {
    prompts: promptTexts,
    defaultPromptName: "retrieval",
  });
  const other = await SentenceTransformer.load("intfloat/multilingual-e5-large", { prompts: promptTexts });
  other.defaultPromptName = "retrieval";
  for (const each of [model, other]) {
    const embedding = await each.encode("How to bake a strawberry cake");
    assertClose([embedding], expected.prompted.default_prompt_name);
    await each.dispose();
  }
});

test("prompts are saved with the model", async () => {
  const model = await SentenceTransformer.load("intfloat/multilingual-e5-large", {
    prompts: promptTexts,
    defaultPromptName: "retrieval",
  });
  const copy = join(folder, "saved");
  await model.save(copy);
  await model.dispose();
  const again = await SentenceTransformer.load(copy);
  assert.equal(again.defaultPromptName, "retrieval");
  assert.equal(again.prompts.clustering, promptTexts.clustering);
  assertClose([await again.encode("How to bake a strawberry cake")], expected.prompted.default_prompt_name);
  await again.dispose();
});

test("the input length can be read and changed; beyond the model's positions it is an error", async () => {
  const model = await SentenceTransformer.load("all-MiniLM-L6-v2");
  const long = "river ".repeat(300);
  assert.equal(model.maxSeqLength, expected.lengths.default);
  assertClose([await model.encode(long)], expected.lengths.whole);
  model.maxSeqLength = 200;
  assert.equal(model.maxSeqLength, expected.lengths.changed);
  assertClose([await model.encode(long)], expected.lengths.shorter);
  assert.throws(() => {
    model.maxSeqLength = 1000;
  }, /from 3 to 256 \(the model's positions\), got 1000/);
  await model.dispose();
});

test("embeddings are stored on disk and loaded from there", async () => {
  const model = await SentenceTransformer.load("all-MiniLM-L6-v2");
  const embeddings = await model.encode(sentences);
  await model.dispose();

  const file = join(folder, "embeddings.safetensors");
  await util.saveEmbeddings(file, { sentences, embeddings });

  const { sentences: storedSentences, embeddings: storedEmbeddings } = await util.loadEmbeddings(file);
  assert.deepEqual(storedSentences, sentences);
  assert.deepEqual(storedEmbeddings, embeddings);
});

test("a pool of workers encodes, and is stopped", async () => {
  const model = await SentenceTransformer.load("all-MiniLM-L6-v2");
  const pool = await model.startMultiProcessPool();
  assert.deepEqual(pool.devices, ["cpu", "cpu", "cpu", "cpu"]);
  const embeddings = await model.encodeMultiProcess(sentences, pool);
  await model.stopMultiProcessPool(pool);
  assert.deepEqual(embeddings, await model.encode(sentences));
  await model.dispose();
});

test("without sentence-transformers: tokenizer, encoder, mean pooling", async () => {
  const tokenizer = await AutoTokenizer.fromPretrained("sentence-transformers/all-MiniLM-L6-v2");
  const model = await AutoModel.fromPretrained("sentence-transformers/all-MiniLM-L6-v2");
  const encodedInput = tokenizer(sentences, { padding: true, truncation: true, maxLength: 128 });
  const modelOutput = await model(encodedInput);
  const sentenceEmbeddings = meanPooling(modelOutput.lastHiddenState, encodedInput.attentionMask);
  model.dispose();
  assert.deepEqual(encodedInput.inputIds.toArray(), expected.transformers.input_ids);
  assert.deepEqual(encodedInput.attentionMask.toArray(), expected.transformers.attention_mask);
  assertClose(sentenceEmbeddings.toArray() as number[][], expected.transformers.sentence_embeddings);
});

test("every parameter of encode that the page lists has its twin", async () => {
  const model = await SentenceTransformer.load("all-MiniLM-L6-v2", { prompts: { query: "query: " } });
  const plain = await model.encode(sentences);
  const options = { promptName: "query", batchSize: 2, showProgressBar: true, device: "cpu" } as const;
  assert.deepEqual(
    await model.encode(sentences, options),
    await model.encode(sentences, { prompt: "query: " }),
  );
  const tensor = await model.encode(sentences, { convertToTensor: true });
  assert.ok(tensor instanceof Tensor);
  assert.deepEqual(
    tensor.toArray(),
    plain.map((vector) => [...vector]),
  );
  const tokens = await model.encode(sentences, { outputValue: "token_embeddings" });
  const everything = await model.encode(sentences, { outputValue: null });
  assert.deepEqual(
    tokens.map(({ shape }) => shape[0]),
    everything.map(({ inputIds }) => inputIds.length),
  );
  const normalized = await model.encode(sentences, { normalizeEmbeddings: true });
  const [dot, cosine] = [util.dotScore(normalized, normalized), util.cosSim(plain, plain)];
  assertClose(dot.toArray() as number[][], cosine.toArray() as number[][]);
  assert.equal((await model.encode(sentences[0]!)).length, model.getSentenceEmbeddingDimension());
  await model.dispose();
});
