import assert from "node:assert/strict";
import { test } from "node:test";
import { SentenceTransformer } from "../../src/index.ts";
import { modelFolder } from "../helpers/fixtures.ts";

const TEXTS = ["The library moved.", "In 2024 it moved back; the weather was colder."];

/** Models whose template gives single texts type 1, and what the model is given of it. */
const models: readonly (readonly [name: string, type: number | undefined])[] = [
  ["bert-types-kept-out", undefined],
  ["bert-types-named", 1],
  ["bert-types-unnamed", undefined],
  ["bert-mean", 0],
  ["distilbert-mean", undefined],
  ["static-embedding", undefined],
];

for (const [name, type] of models) {
  test(`${name}: features have the token types that the model was given, here and in a pool`, async () => {
    const model = await SentenceTransformer.load(modelFolder(name), { threads: 1 });
    const here = await model.encode(TEXTS, { outputValue: null });
    for (const features of here) {
      assert.equal("tokenTypeIds" in features, type !== undefined);
      if (type === undefined) continue;
      assert.deepEqual(features.tokenTypeIds, new Int32Array(features.inputIds.length).fill(type));
    }
    const pool = await model.startMultiProcessPool(["cpu"]);
    const there = await model.encode(TEXTS, { outputValue: null, pool });
    await model.stopMultiProcessPool(pool);
    assert.deepEqual(
      there.map(({ tokenEmbeddings: _, ...features }) => features),
      here.map(({ tokenEmbeddings: _, ...features }) => features),
    );
    await model.dispose();
  });
}
