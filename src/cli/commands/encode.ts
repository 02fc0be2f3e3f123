import { parseArgs } from "node:util";
import { SentenceTransformer } from "../../sentence-transformer.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../usage-error.ts";

export const encode: Command = {
  name: "encode",
  usage: "encode MODEL TEXT…",
  summary: "prints the embedding of each text",
  help: `Prints a line of JSON for each text: {"text": …, "embedding": […]}.

  --prompt-name NAME   put the model's prompt of this name in front of each text
  --prompt TEXT        put this text in front of each text
  --normalize          make each embedding of length 1
  --truncate-dim N     keep the first N dimensions
  --batch-size N       texts that go through the model at once (default 32)`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        "prompt-name": { type: "string" },
        prompt: { type: "string" },
        normalize: { type: "boolean" },
        "truncate-dim": { type: "string" },
        "batch-size": { type: "string" },
      },
    });
    const [name, ...texts] = positionals;
    if (name === undefined || texts.length === 0)
      throw new UsageError("encode: expected MODEL and at least one TEXT");
    const model = await SentenceTransformer.load(name);
    const embeddings = await model.encode(texts, {
      promptName: values["prompt-name"],
      prompt: values.prompt,
      normalizeEmbeddings: values.normalize,
      truncateDim: wholeNumber("--truncate-dim", values["truncate-dim"]),
      batchSize: wholeNumber("--batch-size", values["batch-size"]),
      showProgressBar: true,
    });
    for (const [i, text] of texts.entries()) {
      process.stdout.write(`${JSON.stringify({ text, embedding: [...embeddings[i]!] })}\n`);
    }
    await model.dispose();
  },
};

function wholeNumber(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(value))
    throw new UsageError(`${option}: expected a whole number from 1 on, got "${value}"`);
  return Number(value);
}
