import { SentenceTransformer, type Tensor } from "sentensor";

const texts = [
  "a fish of cold rivers",
  "trout",
  "money paid to the state",
  "a tax on income",
  "a building in which people pray",
  "church",
];

async function embed(): Promise<void> {
  const model = await SentenceTransformer.load("demo-en");
  const embeddings: Float32Array[] = await model.encode(texts, { batchSize: 4 });
  const one: Float32Array = await model.encode(texts[0]!);
  const matrix: Tensor = await model.encode(texts, { convertToTensor: true });

  const pool = await model.startMultiProcessPool(["cpu", "cpu"]);
  const pooled = await model.encode(texts, { pool });
  await model.stopMultiProcessPool(pool);
  await model.dispose();

  if (matrix.shape[1] !== one.length) throw new Error("a matrix is as wide as one vector");
  console.log(
    JSON.stringify({ backend: model.backend, texts, embeddings: rows(embeddings), pooled: rows(pooled) }),
  );
}

function rows(vectors: readonly Float32Array[]): number[][] {
  return vectors.map((vector) => Array.from(vector));
}

embed();
