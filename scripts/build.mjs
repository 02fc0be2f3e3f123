/**
 * Builds dist/: declarations of each module, and the code bundled into few files. Nearly all of the time that a fresh
 * process took to import 250 modules one by one went into finding, opening and linking them: 180 ms, and 45 ms for the
 * bundle (2026-11-26, Node 24).
 *
 * With --no-declarations, which take most of its time, the code alone: for tests that run it.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

/** What package.json names, and what workers start with. */
const ENTRIES = [
  "src/index.ts",
  "src/cli/main.ts",
  "src/pool/pool-worker.ts",
  "src/pool/pool-worker-node.ts",
];

const options = {
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  external: ["node:*"],
  // Names stay as they are, so that stack traces can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  // Node prints the whole line that an uncaught error comes from.
  lineLimit: 160,
  legalComments: "none",
  outbase: "src",
  outdir: "dist",
  chunkNames: "chunks/[name]-[hash]",
  metafile: true,
};

/**
 * Lets every file import the index, so that all that the index needs lands in one file. Otherwise what it shares with
 * files that are imported dynamically would be cut into 16, by who needs it, and an import would take 56 ms instead
 * of 43 (2026-11-27, Node 24).
 */
function afterIndex(entries) {
  const index = resolve("src/index.ts");
  // The command line's first file does something before anything is imported.
  const others = entries.filter((path) => path !== "src/cli/main.ts").map((path) => resolve(path));
  return {
    name: "after the index",
    setup({ onLoad, onResolve }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (path === index || !others.includes(path)) return;
        return { contents: `${await readFile(path, "utf8")}import "the index";\n`, loader: "ts" };
      });
      onResolve({ filter: /^the index$/ }, () => ({ path: index }));
    },
  };
}

/** What is loaded only when it is needed keeps its name, so that package.json can leave it out for browsers. */
async function dynamicImports() {
  const { metafile } = await build({ ...options, entryPoints: ENTRIES, write: false });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  return imports
    .filter(({ kind, external }) => kind === "dynamic-import" && !external)
    .map(({ path }) => path);
}

/** Declarations that the public ones do not lead to: of kernels, the command line, … */
function removeUnreachableDeclarations() {
  const reached = new Set();
  const waiting = ["dist/index.d.ts"];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const [, specifier] of readFileSync(path, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
      waiting.push(join(dirname(path), specifier.replace(/\.[jt]s$/, ".d.ts")));
    }
  }
  const files = readdirSync("dist", { recursive: true, withFileTypes: true });
  for (const { name, parentPath, path = parentPath } of files) {
    const file = join(path, name);
    if (file.endsWith(".d.ts") && !reached.has(file)) rmSync(file);
  }
}

function declare() {
  const compiler = fileURLToPath(import.meta.resolve("typescript/package.json"));
  const { status } = spawnSync(
    process.execPath,
    [fileURLToPath(new URL("bin/tsc", `file://${compiler}`)), "-p", "tsconfig.build.json"],
    { stdio: "inherit" },
  );
  if (status !== 0) process.exit(status ?? 1);
  removeUnreachableDeclarations();
}

rmSync("dist", { recursive: true, force: true });
if (!process.argv.includes("--no-declarations")) declare();
const entryPoints = [...new Set([...ENTRIES, ...(await dynamicImports())])];
// Otherwise such an import, of which nothing is used, would be left out: package.json says that it has no effect.
await build({ ...options, entryPoints, plugins: [afterIndex(entryPoints)], ignoreAnnotations: true });
