/** Every name that the public contract lists is there, and is what it is used as. What each does has its own tests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as sentensor from "../src/index.ts";
import { modelFolder } from "./helpers/fixtures.ts";

const { AutoModel, AutoTokenizer, SentenceTransformer, Tensor, util } = sentensor;

function assertMethods(object: object, what: string, names: readonly string[]) {
  for (const name of names) {
    assert.equal(typeof (object as Record<string, unknown>)[name], "function", `${what}.${name}`);
  }
}

test("the package exports what the contract imports", () => {
  for (const exported of [SentenceTransformer, AutoTokenizer, AutoModel, Tensor, util]) assert.ok(exported);
  assertMethods(sentensor, "sentensor", ["meanPooling", "maxPooling", "clsPooling"]);
  assertMethods(SentenceTransformer, "SentenceTransformer", ["load"]);
  assertMethods(util, "util", [
    ...["cosSim", "dotScore", "euclideanSim", "manhattanSim"],
    ...["pairwiseCosSim", "pairwiseDotScore", "pairwiseEuclideanSim", "pairwiseManhattanSim"],
    ...["semanticSearch", "paraphraseMining", "communityDetection"],
    ...["quantizeEmbeddings", "normalizeEmbeddings", "truncateEmbeddings"],
    ...["saveEmbeddings", "loadEmbeddings", "chunkText"],
  ]);
});

test("a model has what the contract says", async () => {
  const model = await SentenceTransformer.load(modelFolder("demo-en"), { threads: 1 });
  assertMethods(model, "model", [
    ...["encode", "encodeQuery", "encodeDocument", "encodeStream", "countTokens"],
    ...["similarity", "similarityPairwise", "save", "dispose"],
    ...["startMultiProcessPool", "encodeMultiProcess", "stopMultiProcessPool"],
    ...["getSentenceEmbeddingDimension", "getEmbeddingDimension"],
  ]);
  assert.equal(typeof model[Symbol.asyncDispose], "function");
  assert.equal(model.device, "cpu");
  assert.deepEqual(Object.keys(model.prompts), ["query", "document"]);
  model.prompts = { title: "title: " };
  model.defaultPromptName = "title";
  assert.equal(model.defaultPromptName, "title");
  model.maxSeqLength = 20;
  assert.equal(model.maxSeqLength, 20);
  assert.throws(() => {
    model.maxSeqLength = 100_000;
  }, /maxSeqLength: .* 3 to 256/);
  assertMethods(model.tokenizer, "model.tokenizer", ["encode", "decode", "tokenToId", "idToToken"]);
  await model.dispose();
});

test("without sentence-transformers files, too", async () => {
  const tokenizer = await AutoTokenizer.fromPretrained(modelFolder("demo-en"));
  const bert = await AutoModel.fromPretrained(modelFolder("demo-en"), { threads: 1 });
  const encoded = tokenizer(["a text", "another one"], { padding: true, truncation: true, maxLength: 128 });
  const { lastHiddenState } = await bert(encoded);
  const embeddings = sentensor.meanPooling(lastHiddenState, encoded.attentionMask);
  assert.ok(embeddings instanceof Tensor);
  assert.deepEqual(embeddings.shape, [2, 128]);
  const { inputIds, tokens, offsets } = tokenizer.encode("a text", { addSpecialTokens: true });
  assert.deepEqual([tokens.length, offsets.length], [inputIds.length, inputIds.length]);
  assert.equal(tokenizer.decode(inputIds, { skipSpecialTokens: true }), "a text");
  assert.equal(tokenizer.idToToken(tokenizer.tokenToId("a")!), "a");
  assert.ok(tokenizer.vocabSize > 1000);
  assert.equal(tokenizer.hasTokenTypes, false);
  const wrong = (value: unknown) => value as never;
  assert.throws(() => tokenizer(wrong(3)), /^ArgumentError: tokenizer: expected a text or an array of texts/);
  assert.throws(() => tokenizer("a", wrong(null)), /^ArgumentError: tokenizer: expected an object/);
  assert.throws(() => tokenizer.decode(wrong(encoded.inputIds)), /^ArgumentError: decode: expected ids/);
  assert.throws(() => sentensor.meanPooling(lastHiddenState, wrong(null)), /^ArgumentError: meanPooling: /);
  await assert.rejects(bert(wrong(undefined)), /^ArgumentError: model: expected an object/);
  await assert.rejects(bert(wrong({ inputIds: [[1]] })), /^ArgumentError: inputIds: expected a tensor/);
  await bert.dispose();
  await bert.dispose();
  await assert.rejects(bert(encoded), /^ArgumentError: AutoModel: this model has been disposed of/);
});
