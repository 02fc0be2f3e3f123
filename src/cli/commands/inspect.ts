import { parseArgs } from "node:util";
import { inspectCheckpoint } from "../../checkpoint/inspect.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../usage-error.ts";

export const inspect: Command = {
  name: "inspect",
  usage: "inspect FILE|FOLDER",
  summary: "lists the tensors of a checkpoint",
  help: "Prints name, dtype, shape and size of each tensor of a .safetensors or pytorch_model.bin file, or of a model folder.",
  async run(argv, { stdout }) {
    const { positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: {} });
    const [path] = positionals;
    if (path === undefined || positionals.length !== 1) {
      throw new UsageError("inspect: expected one FILE or FOLDER");
    }
    await stdout.write(await inspectCheckpoint(path));
  },
};
