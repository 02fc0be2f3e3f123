import { parseArgs } from "node:util";
import { SentenceTransformer } from "../../sentence-transformer.ts";
import { computeHelp, computeOptions, loadOptions } from "../arguments.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../usage-error.ts";

export const similarity: Command = {
  name: "similarity",
  usage: "similarity MODEL A B",
  summary: "prints how alike two texts are",
  help: `Prints one number, by the model's own similarity function: for most models the cosine of the angle between the
embeddings, from -1 to 1.

${computeHelp}`,
  async run(argv, context) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: computeOptions,
    });
    const [name, a, b] = positionals;
    if (name === undefined || a === undefined || b === undefined || positionals.length !== 3) {
      throw new UsageError("similarity: expected MODEL and two texts");
    }
    const model = await SentenceTransformer.load(name, loadOptions(values, context));
    try {
      const [first, second] = await model.encode([a, b], { signal: context.signal });
      const score = model.similarity(first!, second!).data[0]!;
      await context.stdout.write(`${score.toFixed(4)}\n`);
    } finally {
      await model.dispose();
    }
  },
};
