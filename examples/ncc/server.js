import { SentenceTransformer } from "sentensor";

const texts = [
  "a fish of cold rivers",
  "trout",
  "money paid to the state",
  "a tax on income",
  "a building in which people pray",
  "church",
];

/** Embeds the texts here, then the same texts in a pool of two workers. */
async function embed() {
  const model = await SentenceTransformer.load("demo-en");
  const embeddings = await model.encode(texts);
  const pool = await model.startMultiProcessPool(["cpu", "cpu"]);
  const pooled = await model.encode(texts, { pool });
  await model.stopMultiProcessPool(pool);
  await model.dispose();
  return { backend: model.backend, texts, embeddings: rows(embeddings), pooled: rows(pooled) };
}

const rows = (vectors) => vectors.map((vector) => Array.from(vector));

embed().then((result) => console.log(JSON.stringify(result)));
