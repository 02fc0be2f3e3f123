import { type BigIntStats, fstatSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../usage-error.ts";

/**
 * @param outputs every file that the run writes or removes
 * @param inputs every file that it reads, and the folder of the model; the names of missing ones do no harm
 * @param stdin whether it reads standard input
 * @throws UsageError where one of the outputs is one of the inputs, by whatever name or link
 */
export async function checkDistinct(
  outputs: readonly string[],
  inputs: readonly string[],
  stdin: boolean,
): Promise<void> {
  const read = new Map<string, string>();
  const note = (stats: BigIntStats | undefined, name: string) => {
    if (stats?.isFile()) read.set(identity(stats), name);
  };
  if (stdin) note(statOfStdin(), "standard input");
  for (const input of inputs) {
    const stats = await statOf(input);
    note(stats, input);
    if (!stats?.isDirectory()) continue;
    for (const file of await filesOfModel(input)) note(await statOf(file), file);
  }
  for (const output of outputs) {
    const stats = await statOf(output);
    const input = stats && read.get(identity(stats));
    if (input === undefined) continue;
    throw new UsageError(`--output: expected a file that is not read, got "${output}", which is ${input}`, {
      code: "output-is-input",
      subject: "--output",
    });
  }
}

/** Those of the folder and of its own folders: modules lie no deeper. */
async function filesOfModel(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const below = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map(async ({ name }) => {
        const names = await readdir(join(folder, name)).catch(() => []);
        return names.map((file) => join(folder, name, file));
      }),
  );
  return [...entries.map(({ name }) => join(folder, name)), ...below.flat()];
}

function identity({ dev, ino }: BigIntStats): string {
  return `${dev} ${ino}`;
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  return await stat(path, { bigint: true }).catch(() => undefined);
}

function statOfStdin(): BigIntStats | undefined {
  try {
    return fstatSync(0, { bigint: true });
  } catch {
    return undefined; // closed
  }
}
