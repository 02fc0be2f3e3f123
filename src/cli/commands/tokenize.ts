import { parseArgs } from "node:util";
import { AutoTokenizer } from "../../auto/auto-tokenizer.ts";
import { modelHelp, modelOptions, sourceOptions } from "../arguments.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../usage-error.ts";

export const tokenize: Command = {
  name: "tokenize",
  usage: "tokenize MODEL TEXT",
  summary: "prints the tokens of a text",
  help: `Prints a line for each token: its id, the token, and the piece of the text that it stands for.

${modelHelp}`,
  async run(argv, context) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: modelOptions,
    });
    const [name, text] = positionals;
    if (name === undefined || text === undefined || positionals.length !== 2) {
      throw new UsageError("tokenize: expected MODEL and one TEXT");
    }
    const tokenizer = await AutoTokenizer.fromPretrained(name, sourceOptions(values, context));
    const { inputIds, tokens, offsets } = tokenizer.encode(text);
    const width = Math.max(...tokens.map((token) => token.length));
    const lines = tokens.map((token, i) => {
      const piece = JSON.stringify(text.slice(...offsets[i]!));
      return `${String(inputIds[i]).padStart(7)}  ${token.padEnd(width)}  ${piece}\n`;
    });
    await context.stdout.write(lines.join(""));
  },
};
