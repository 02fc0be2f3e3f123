/**
 * npm run bench:builds -- BEFORE [AFTER] [--rounds 15] [--kernels "linear e5"]: two builds of the package in turns, process
 * by process, so that both see the same machine: the time of an import, of a process's first embedding, and of 64
 * texts, peak memory, and the size of the tarball. With --kernels ("" for all), also each checkout's own `bench kernels`.
 * Folders are checkouts that were built; AFTER is this one.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { benchKernels, type Figures, packedSize, runProcess } from "./figures.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

const CHOICES: Readonly<Record<string, object>> = {
  "wasm, 1 thread": { threads: 1 },
  "wasm, all threads": {},
  js: { backend: "js" },
};

const { values, positionals } = parseArgs({
  options: { rounds: { type: "string", default: "15" }, kernels: { type: "string" } },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
const [before, after = repository] = positionals.map((folder) => resolve(folder));
for (const folder of [before, after]) {
  if (folder === undefined || !existsSync(join(folder, "dist/index.js"))) {
    console.error(`bench:builds: expected a checkout that was built, got ${folder}`);
    process.exit(1);
  }
}

/** Runs both in turns, and prints the best of each figure: the least, or the most of speeds. */
async function compare(title: string, measure: (checkout: string) => Promise<Figures>): Promise<void> {
  const results: readonly [Figures[], Figures[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
      results[which]!.push(await measure([before, after][which]!));
    }
  }
  console.log(`\n${title}`);
  for (const [name, { unit }] of Object.entries(results[0][0]!)) {
    const isSpeed = unit.endsWith("/s");
    const [old, now] = results.map((all) => {
      const given = all.map((figures) => figures[name]?.value ?? Number.NaN);
      return isSpeed ? Math.max(...given) : Math.min(...given);
    }) as [number, number];
    const ratio = isSpeed ? now / old : old / now;
    const [left, right] = [old, now].map((value) => `${value.toFixed(2).padStart(9)} ${unit}`);
    console.log(`  ${name.padEnd(60)} ${left} ${right}   ${ratio.toFixed(3)}`);
  }
}

console.log(
  `Node ${process.version}, best of ${rounds} processes each, in turns: before, after, and their ratio; above 1, after is better`,
);
for (const [name, options] of Object.entries(CHOICES)) {
  await compare(name, (checkout) =>
    runProcess(
      pathToFileURL(join(checkout, "dist/index.js")).href,
      join(repository, "models/demo-en"),
      options,
    ),
  );
}
for (const backend of values.kernels === undefined ? [] : ["js", "wasm"]) {
  const filters = values.kernels!.split(" ").filter((word) => word !== "");
  await compare(`kernels, ${backend}`, (checkout) => benchKernels(checkout, backend, filters));
}
const sizes = [await packedSize(before!), await packedSize(after!)] as const;
console.log(
  `\ntarball, as last built\n  ${sizes.map((size) => `${(size / 1000).toFixed(1)} kB`).join("  ")}   ${(sizes[0] / sizes[1]).toFixed(3)}`,
);
