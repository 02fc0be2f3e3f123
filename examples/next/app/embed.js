import { SentenceTransformer } from "sentensor";

/** Embeds the texts here, then the same texts in a pool of two workers. */
export async function embed(place, texts) {
  const model = await SentenceTransformer.load(place);
  const embeddings = await model.encode(texts);
  const pool = await model.startMultiProcessPool(["cpu", "cpu"]);
  const pooled = await model.encode(texts, { pool });
  await model.stopMultiProcessPool(pool);
  await model.dispose();
  return { backend: model.backend, texts, embeddings: rows(embeddings), pooled: rows(pooled) };
}

const rows = (vectors) => vectors.map((vector) => Array.from(vector));
