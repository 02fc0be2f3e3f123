import { writeFileSync } from "node:fs";
import { ArgumentError, SentenceTransformer } from "sentensor";
import { afterAll, beforeAll, expect, test } from "vitest";

const texts = [
  "a fish of cold rivers",
  "trout",
  "money paid to the state",
  "a tax on income",
  "a building in which people pray",
  "church",
];
let model;

beforeAll(async () => {
  model = await SentenceTransformer.load("demo-en");
});

afterAll(async () => {
  await model.dispose();
});

test("a trout is nearer to a fish than to a tax", async () => {
  const [[toFish, , toTax]] = model
    .similarity(await model.encode(["trout"]), await model.encode(texts))
    .toArray();
  expect(toFish).toBeGreaterThan(toTax + 0.1);
});

test("workers give the same numbers", async () => {
  const embeddings = await model.encode(texts);
  const pool = await model.startMultiProcessPool(["cpu", "cpu"]);
  const pooled = await model.encode(texts, { pool });
  await model.stopMultiProcessPool(pool);
  expect(pooled).toEqual(embeddings);

  const rows = (vectors) => vectors.map((vector) => Array.from(vector));
  writeFileSync(
    "embeddings.json",
    JSON.stringify({ backend: model.backend, texts, embeddings: rows(embeddings), pooled: rows(pooled) }),
  );
});

test("a mistake is an error of its class", async () => {
  await expect(model.encode("text", { promptName: "nope" })).rejects.toBeInstanceOf(ArgumentError);
});
