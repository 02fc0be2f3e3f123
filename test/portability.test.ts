/** The engine where there is no Node: bundled as for a browser, and run without Node's globals. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { builtEntry } from "./helpers/built.ts";

const repository = fileURLToPath(new URL("../", import.meta.url));
const dist = dirname(fileURLToPath(builtEntry));

test("package.json leaves every file that needs Node out of bundles for browsers", () => {
  const { browser } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
    browser: Record<string, boolean>;
  };
  const expected = readdirSync(dist, { recursive: true })
    .map((path) => `./dist/${String(path).replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith("-node.js"));
  assert.ok(expected.length > 3);
  assert.deepEqual(Object.keys(browser).sort(), expected.sort());
  assert.deepEqual(new Set(Object.values(browser)), new Set([false]));
});

test("a bundle for browsers embeds without Node's globals, and without eval", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sentensor-bundle-"));
  try {
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
import { dirname, join } from "node:path";
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
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
