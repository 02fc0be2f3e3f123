/** Drives a tokenizer of sentensor, from its build: ids alone, or with offsets and all else that peers give. */
import { serve } from "./serve.mjs";

let idsOf;

await serve({
  async load({ library, folder, full }) {
    const started = performance.now();
    const { AutoTokenizer } = await import(library);
    const imported = performance.now();
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    const loadSeconds = (performance.now() - imported) / 1000;
    idsOf = full ? (text) => tokenizer.encode(text).inputIds : (text) => tokenizer.encodeIds(text);
    const description = `sentensor; Node ${process.version}`;
    return { description, loadSeconds, importSeconds: (imported - started) / 1000 };
  },

  /** The number of tokens. */
  async embed(texts) {
    let tokens = 0;
    for (const text of texts) tokens += idsOf(text).length;
    return Int32Array.of(tokens);
  },

  /** The ids of all texts, one after the other. */
  count: (texts) => texts.flatMap((text) => Array.from(idsOf(text))),
});
