import { parseArgs } from "node:util";
import { SentenceTransformer } from "../../sentence-transformer.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../usage-error.ts";

export const similarity: Command = {
  name: "similarity",
  usage: "similarity MODEL A B",
  summary: "prints the cosine similarity of two texts",
  help: "Prints one number from -1 to 1: the cosine of the angle between the embeddings of both texts.",
  async run(argv) {
    const { positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: {} });
    const [name, a, b] = positionals;
    if (name === undefined || a === undefined || b === undefined || positionals.length !== 3) {
      throw new UsageError("similarity: expected MODEL and two texts");
    }
    const model = await SentenceTransformer.load(name);
    const [first, second] = (await model.encode([a, b], { normalizeEmbeddings: true })) as [
      Float32Array,
      Float32Array,
    ];
    const score = first.reduce((sum, value, i) => sum + value * second[i]!, 0);
    process.stdout.write(`${score.toFixed(4)}\n`);
    await model.dispose();
  },
};
