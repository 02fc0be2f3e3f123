import { parseArgs } from "node:util";
import { checkModel } from "../../base-model/check-model.ts";
import { downloadModel } from "../../sources/hub/open.ts";
import { modelHelp, modelOptions, sourceOptions } from "../arguments.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../usage-error.ts";

export const download: Command = {
  name: "download",
  usage: "download MODEL",
  summary: "fetches a model of the hub, and prints its folder",
  help: `Puts all files that the model needs into the cache, where every command and the Python libraries find them, and
prints the folder. What is there already is not fetched again; a broken download goes on where it broke.
A model that sentensor cannot load is rejected before its weights are fetched.

${modelHelp}

HF_TOKEN, or the token that "hf auth login" saved, opens private and gated models.`,
  async run(argv, context) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: modelOptions,
    });
    const [name] = positionals;
    if (name === undefined || positionals.length !== 1) throw new UsageError("download: expected one MODEL");
    const { folder } = await downloadModel(name, sourceOptions(values, context), checkModel);
    await context.stdout.write(`${folder}\n`);
  },
};
