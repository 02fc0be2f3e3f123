// Runs the test suite: node --test over every test/**/*.test.ts (Node 20's --test takes no glob).
// Arguments that name files or folders under test/ narrow the run; options go to node: npm test -- test/tensor
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

/**
 * What belongs to a process as a whole: hooks around each test, and a changed environment. Other files share
 * processes, since each of them reads and compiles most of the sources.
 */
const NEEDS_OWN_PROCESS =
  /^(?:before|beforeEach|afterEach)\(|process\.env[.[\w\]]* = |delete process\.env|\.prototype\.\w+ =|\bwatchWorkers\(/m;

/**
 * Inside of the repository, so that the packages which the tests use are found from there, but not in
 * node_modules: from Node 21 on, no test is looked for there, even where its file is named.
 */
const BUNDLES = ".tests";

function testFiles(path) {
  if (statSync(path).isFile()) return path.endsWith(".test.ts") ? [path] : [];
  return readdirSync(path)
    .sort()
    .filter((name) => name !== "fixtures" && name !== "node_modules")
    .flatMap((name) => testFiles(join(path, name)));
}

/** The files of each process. Node starts them in this order; small ones come last, so that no core waits long. */
function inGroups(files) {
  const alone = files.filter((file) => NEEDS_OWN_PROCESS.test(readFileSync(file, "utf8")));
  const together = files.filter((file) => !alone.includes(file));
  const count = Math.min(3 * availableParallelism(), together.length);
  const groups = Array.from({ length: count }, () => []);
  for (const [i, file] of together.entries()) groups[i % count].push(file);
  return [...groups, ...alone.map((file) => [file])];
}

/** Workers run the program of the built package: it would have to be bundled in each process. */
const WORKER_PROGRAM = resolve("src/workers/worker-program.ts");
const builtProgram = `import { createRequire } from "node:module";
export const loadWorkerProgram = async () => createRequire(${JSON.stringify(import.meta.url)})("../dist/worker/program.js").program;`;

/** Bundled files find what lies beside them as if each were where its source is. */
const ownAddresses = {
  name: "own addresses",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (path === WORKER_PROGRAM) return { contents: builtProgram };
      const source = await readFile(path, "utf8");
      const address = JSON.stringify(pathToFileURL(path).href);
      return { contents: source.replaceAll("import.meta.url", address), loader: "ts" };
    });
  },
};

/** Modules that run one group of test files each. A loader of TypeScript would take a second longer in each process. */
async function bundled(groups) {
  mkdirSync(BUNDLES, { recursive: true });
  const folder = mkdtempSync(join(BUNDLES, "run-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const width = String(groups.length).length;
  const names = groups.map((_, i) => `group-${String(i).padStart(width, "0")}.test`);
  const contents = new Map(
    groups.map((files, i) => [
      names[i],
      files.map((file) => `import ${JSON.stringify(resolve(file))};\n`).join(""),
    ]),
  );
  const entries = {
    name: "groups",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^group:/ }, ({ path }) => ({
        path: path.slice("group:".length),
        namespace: "group",
      }));
      onLoad({ filter: /.*/, namespace: "group" }, ({ path }) => ({
        contents: contents.get(path),
        resolveDir: process.cwd(),
      }));
    },
  };
  await build({
    entryPoints: names.map((name) => ({ in: `group:${name}`, out: name })),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    packages: "external",
    ignoreAnnotations: true, // package.json says that sources have no side effects; tests consist of them
    sourcemap: true,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    plugins: [entries, ownAddresses],
    logLevel: "warning",
  });
  return names.map((name) => join(folder, `${name}.mjs`));
}

const given = process.argv.slice(2);
const options = given.filter((argument) => argument.startsWith("-"));
const paths = given.filter((argument) => !argument.startsWith("-"));
const files = (paths.length > 0 ? paths : ["test"]).flatMap(testFiles);
if (files.length === 0) {
  console.error("no *.test.ts file found");
  process.exit(1);
}
// Tests that start processes of their own start the built package: see test/helpers/built.ts.
const packaged = spawnSync(process.execPath, ["scripts/build.mjs", "--no-declarations"], {
  stdio: "inherit",
});
if (packaged.status !== 0) process.exit(packaged.status ?? 1);
// By default Node leaves a core idle, which is half of a small machine. The flag came with 20.10.
const [major, minor] = process.versions.node.split(".").map(Number);
const concurrency = major > 20 || minor >= 10 ? [`--test-concurrency=${availableParallelism()}`] : [];
const { status } = spawnSync(
  process.execPath,
  [
    ...["--enable-source-maps", "--test", "--test-reporter=spec", ...concurrency],
    ...options,
    ...(await bundled(inGroups(files))),
  ],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
