import { SentenceTransformer } from "sentensor";

const texts = [
  "a fish of cold rivers",
  "trout",
  "money paid to the state",
  "a tax on income",
  "a building in which people pray",
  "church",
];
const rows = (vectors) => vectors.map((vector) => Array.from(vector));

const model = await SentenceTransformer.load("demo-en");
const embeddings = await model.encode(texts);

const pool = await model.startMultiProcessPool(["cpu", "cpu"]);
const pooled = await model.encode(texts, { pool });
await model.stopMultiProcessPool(pool);

console.log(
  JSON.stringify({ backend: model.backend, texts, embeddings: rows(embeddings), pooled: rows(pooled) }),
);
await model.dispose();
