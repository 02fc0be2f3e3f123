/** Each family reads its own configuration; what is common to all is under the same names. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AutoModel } from "../../src/index.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { ModelFiles } from "../helpers/model-files.ts";

const expected = {
  "bert-mean": {
    ...{
      modelType: "bert",
      vocabSize: 400,
      hiddenSize: 36,
      layerCount: 3,
      headCount: 3,
      intermediateSize: 70,
    },
    ...{ activation: "gelu", layerNormEps: 1e-12, maxPositions: 64, typeVocabSize: 2, padTokenId: 0 },
    maxSequenceLength: 64,
  },
  "xlm-roberta-mean": {
    ...{ modelType: "xlm-roberta", vocabSize: 320, hiddenSize: 24, layerCount: 2, headCount: 2 },
    ...{ intermediateSize: 50, activation: "gelu", layerNormEps: 1e-5, maxPositions: 50, typeVocabSize: 1 },
    ...{ padTokenId: 1, maxSequenceLength: 48 },
  },
  "mpnet-mean": {
    ...{ modelType: "mpnet", vocabSize: 201, hiddenSize: 24, layerCount: 2, headCount: 2 },
    ...{ intermediateSize: 50, activation: "gelu", layerNormEps: 1e-5, maxPositions: 182, typeVocabSize: 0 },
    ...{ padTokenId: 1, maxSequenceLength: 180 },
  },
  "distilbert-mean": {
    ...{ modelType: "distilbert", vocabSize: 200, hiddenSize: 24, layerCount: 2, headCount: 2 },
    ...{ intermediateSize: 50, activation: "gelu", layerNormEps: 1e-12, maxPositions: 48, typeVocabSize: 0 },
    ...{ padTokenId: 0, maxSequenceLength: 48 },
  },
};

for (const [name, config] of Object.entries(expected)) {
  test(`${name}: config.json is read in the family's keys, its defaults included`, async () => {
    const model = await AutoModel.fromPretrained(modelFolder(name), { threads: 1 });
    assert.deepEqual(model.config, config);
    await model.dispose();
  });
}

test("a family's defaults stand where config.json says nothing", async () => {
  const without = { pad_token_id: undefined, type_vocab_size: undefined, layer_norm_eps: undefined };
  const read = async (name: string) => {
    const files = ModelFiles.ofFixture(name).edit("config.json", without);
    const model = await AutoModel.fromPretrained(files.source, { threads: 1 });
    await model.dispose();
    const { padTokenId, typeVocabSize, layerNormEps } = model.config as typeof model.config & {
      layerNormEps: number;
    };
    return { padTokenId, typeVocabSize, layerNormEps };
  };
  assert.deepEqual(await read("bert-mean"), { padTokenId: 0, typeVocabSize: 2, layerNormEps: 1e-12 });
  assert.deepEqual(await read("mpnet-mean"), { padTokenId: 1, typeVocabSize: 0, layerNormEps: 1e-12 });
});

test("MPNet has no token types, whatever its config.json says", async () => {
  const files = ModelFiles.ofFixture("mpnet-mean").edit("config.json", { type_vocab_size: 2 });
  const model = await AutoModel.fromPretrained(files.source, { threads: 1 });
  assert.equal(model.config.typeVocabSize, 0);
  await model.dispose();
});
