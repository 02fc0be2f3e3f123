/** Drives a tokenizer of transformers.js. */
import { dirname } from "node:path";
import { serve } from "./serve.mjs";

let idsOf;

await serve({
  async load({ folder }) {
    const started = performance.now();
    const { AutoTokenizer, env } = await import("@huggingface/transformers");
    const imported = performance.now();
    env.allowRemoteModels = false;
    env.localModelPath = dirname(folder);
    const tokenizer = await AutoTokenizer.from_pretrained(folder.slice(dirname(folder).length + 1));
    const loadSeconds = (performance.now() - imported) / 1000;
    idsOf = (text) => tokenizer.encode(text);
    const description = `transformers.js ${env.version}; Node ${process.version}`;
    return { description, loadSeconds, importSeconds: (imported - started) / 1000 };
  },

  /** The number of tokens. */
  async embed(texts) {
    let tokens = 0;
    for (const text of texts) tokens += idsOf(text).length;
    return Int32Array.of(tokens);
  },

  /** The ids of all texts, one after the other. */
  count: (texts) => texts.flatMap((text) => idsOf(text)),
});
