/** The engine where there is no Node: bundled as for a browser, and run without Node's globals. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Script } from "node:vm";
import { build } from "esbuild";
import type * as Sentensor from "../src/index.ts";
import { builtEntry } from "./helpers/built.ts";
import { temporaryFolder } from "./helpers/temporary-folder.ts";

const repository = fileURLToPath(new URL("../", import.meta.url));
const dist = dirname(fileURLToPath(builtEntry));
const require = createRequire(import.meta.url);

const read = (path: string): string => readFileSync(join(dist, path), "utf8");

/** Of the build, in dist/. */
const modules = readdirSync(dist, { recursive: true })
  .map((path) => String(path).replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".js"))
  .sort();

/** What a file loads with import(). */
function importedLater(path: string): string[] {
  return [...read(path).matchAll(/(?<![#.\w])import\("(\.[^"]+)"\)/g)].map((match) =>
    relative(dist, join(dist, dirname(path), match[1]!)).replaceAll("\\", "/"),
  );
}

test("the files that need Node are left out of bundles for browsers", () => {
  const { browser } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
    browser: Record<string, boolean>;
  };
  assert.deepEqual(browser, { "./dist/node/load.js": false, "./dist/node/more.js": false });
  const needNode = modules.filter((path) => /from"node:|import"node:/.test(read(path)));
  assert.deepEqual(
    needNode.filter((path) => !path.startsWith("cli/")),
    ["node/load.js", "node/more.js"],
  );
});

test("files that are loaded later import nothing of the package: a page that awaits them may hold the rest", () => {
  const later = new Set(modules.flatMap((path) => importedLater(path)));
  assert.deepEqual([...later].sort(), [
    "cli/command-line.js",
    "node/load.js",
    "node/more.js",
    "worker/program.js",
  ]);
  for (const path of ["node/load.js", "node/more.js", "worker/program.js"]) {
    assert.ok(
      !/\bfrom"\.|\bimport"\.|\bimport\("\./.test(read(path)),
      `${path} imports a file of the package`,
    );
  }
});

test("the program of a pool's worker is one script without import()", () => {
  const { program } = require("../dist/worker/program.js") as { program: string };
  assert.ok(program.length > 100_000);
  assert.ok(!/\bimport\s*\(/.test(program), "import() in worker/program.js");
  new Script(program); // would not parse with static imports, exports or import.meta
});

test("the CommonJS build is one file without import(), which needs the worker's program and Node at most", () => {
  const text = read("index.cjs");
  assert.ok(!/\bimport\s*\(|\bimport\.meta/.test(text), "import() in index.cjs");
  const required = [...text.matchAll(/(?<!\.)\brequire\("([^"]+)"\)/g)].map((match) => match[1]!);
  assert.deepEqual(
    [...new Set(required)].filter((name) => !name.startsWith("node:")),
    ["./worker/program.js"],
  );
});

test("pages without a bundler find the worker's program in a module without exports", () => {
  const found: Record<symbol, unknown> = {};
  new Function("globalThis", "exports", read("worker/program.js"))(found, undefined);
  assert.deepEqual(found[Symbol.for("sentensor.worker")], require("../dist/worker/program.js"));
});

test("both formats have the same exports, and take each other's errors", async () => {
  const commonJs = require("../dist/index.cjs") as Record<string, unknown>;
  const module = (await import(builtEntry)) as Record<string, unknown>;
  assert.notEqual(commonJs.SentenceTransformer, module.SentenceTransformer);
  assert.deepEqual(Object.keys(commonJs).sort(), Object.keys(module).sort());
  const { ArgumentError, util } = module as { ArgumentError: typeof Error; util: typeof Sentensor.util };
  assert.throws(() => (commonJs.util as typeof util).cosSim([[1]], 1 as never), ArgumentError);
});

test("a bundle for browsers embeds without Node's globals, and without eval", async (t) => {
  const folder = await temporaryFolder(t);
  const entry = join(folder, "entry.ts");
  writeFileSync(
    entry,
    `import { BlobSource, SentenceTransformer } from ${JSON.stringify(join(dist, "index.js"))};
export async function embed(files, text) {
  const blobs = new Map(Object.entries(files).map(([path, bytes]) => [path, new Blob([bytes])]));
  const model = await SentenceTransformer.load(new BlobSource(blobs));
  const vector = await model.encode(text);
  await model.dispose();
  return [...vector];
}
export const missing = () => SentenceTransformer.load("./no-such-folder").catch((error) => error.message);`,
  );
  await build({
    entryPoints: [entry],
    outfile: join(folder, "bundle.mjs"),
    bundle: true,
    format: "esm",
    platform: "browser", // has no node: modules: an import of one fails here
    logLevel: "error",
  });
  const demo = join(repository, "models/demo-en");
  writeFileSync(
    join(folder, "main.mjs"),
    `import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
const files = Object.fromEntries(readdirSync(${JSON.stringify(demo)}, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  .map((path) => [path.slice(${demo.length + 1}), readFileSync(path)]));
const print = console.log;
for (const name of ["process", "Buffer", "setImmediate", "require", "global"]) delete globalThis[name];
const { embed, missing } = await import("./bundle.mjs");
print(JSON.stringify({ vector: await embed(files, "a fish of cold rivers"), error: await missing() }));`,
  );
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--disallow-code-generation-from-strings", join(folder, "main.mjs")],
    { timeout: 60_000 },
  );
  const { vector, error } = JSON.parse(stdout) as { vector: number[]; error: string };
  const { SentenceTransformer } = await import("../src/index.ts");
  const model = await SentenceTransformer.load(demo);
  assert.deepEqual(vector, [...(await model.encode("a fish of cold rivers"))]);
  assert.match(error, /no-such-folder/);
  await model.dispose();
});
