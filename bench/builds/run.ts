/**
 * npm run bench:builds -- BEFORE [AFTER]: two builds of the package in turns, process by process, so that both see the
 * same machine: the time of an import, of a process's first embedding, and of 64 texts. Folders are checkouts that were
 * built; AFTER is this one.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs, promisify } from "node:util";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const driver = fileURLToPath(new URL("./driver.mjs", import.meta.url));

const CHOICES: Readonly<Record<string, object>> = {
  "wasm, 1 thread": { threads: 1 },
  "wasm, all threads": {},
  js: { backend: "js" },
};

type Times = Readonly<Record<string, number>>;

async function measure(checkout: string, options: object): Promise<Times> {
  const entry = pathToFileURL(join(checkout, "dist/index.js")).href;
  const model = join(repository, "models/demo-en");
  const { stdout } = await promisify(execFile)(process.execPath, [
    driver,
    entry,
    model,
    JSON.stringify(options),
  ]);
  return JSON.parse(stdout) as Times;
}

function least(all: readonly Times[], what: string): number {
  return Math.min(...all.map((times) => times[what]!));
}

const { values, positionals } = parseArgs({
  options: { rounds: { type: "string", default: "15" } },
  allowPositionals: true,
});
const [before, after = repository] = positionals.map((folder) => resolve(folder));
for (const folder of [before, after]) {
  if (folder === undefined || !existsSync(join(folder, "dist/index.js"))) {
    console.error(`bench:builds: expected a checkout that was built, got ${folder}`);
    process.exit(1);
  }
}

console.log(
  `Node ${process.version}, best of ${values.rounds} processes each, in turns; before / after: above 1, after is faster`,
);
for (const [name, options] of Object.entries(CHOICES)) {
  const results: readonly [Times[], Times[]] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
      results[which]!.push(await measure([before, after][which]!, options));
    }
  }
  console.log(`\n${name}`);
  for (const what of Object.keys(results[0][0]!)) {
    const [old, now] = results.map((all) => least(all, what)) as [number, number];
    console.log(
      `  ${what.padEnd(16)} ${old.toFixed(1).padStart(7)} ms ${now.toFixed(1).padStart(7)} ms   ${(old / now).toFixed(3)}`,
    );
  }
}
