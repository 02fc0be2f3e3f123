/** Drives sentensor, from its build. */
import { serve } from "./serve.mjs";

let model;

await serve({
  async load({ library, folder, options }) {
    const { SentenceTransformer } = await import(library);
    model = await SentenceTransformer.load(folder, options);
    return { description: `${model.backend}; Node ${process.version}` };
  },

  async embed(texts, batchSize) {
    if (texts.length === 1) return model.encode(texts[0]);
    const vectors = await model.encode(texts, { batchSize });
    const length = vectors[0].length;
    const matrix = new Float32Array(texts.length * length);
    for (const [i, vector] of vectors.entries()) matrix.set(vector, i * length);
    return matrix;
  },

  count(texts) {
    const options = { truncation: true, maxLength: model.maxSeqLength };
    return texts.map((text) => model.tokenizer.encode(text, options).inputIds.length);
  },
});
