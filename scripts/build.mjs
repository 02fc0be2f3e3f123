/**
 * Builds dist/. Nearly all of the time that a fresh process took to import 250 modules one by one went into finding,
 * opening and linking them: 180 ms, and 45 ms for one file (2026-11-26, Node 24). So the code is bundled into few:
 *
 *   index.js, chunk-….js   the engine as an ES module; the chunk is what the command line shares with it
 *   node/load.js           what loading a folder takes of Node, loaded when it is called for
 *   node/more.js           everything else that needs Node; both are empty in bundles for browsers
 *   worker/program.js      the program of a pool's worker, as text, loaded when a pool starts
 *   index.cjs              the engine as CommonJS, in one file
 *   cli/                   the command line
 *   *.d.cts, index.d.ts    declarations: one set for both formats
 *
 * A file that is loaded later imports nothing from the others. Bundlers put what a page imports into the page's own
 * file; with a top-level await there, a file that imports it back waits for a page that waits for the file: for ever,
 * without a word (2026-11, Rollup and Vite). What both need is in both; classes are compared by their brands.
 *
 * With --no-declarations, the code alone, less minified: for tests that run it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minify } from "terser";
import { withoutDeclaredMeanings, withoutMeanings } from "./read-sources.mjs";
import { bundleWorkerProgram } from "./worker-program.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

const isComplete = !process.argv.includes("--no-declarations");

const common = {
  bundle: true,
  target: "es2022",
  external: ["node:*"],
  minifyWhitespace: true,
  minifySyntax: true,
  // Node prints the whole line that an uncaught error comes from.
  lineLimit: 1000,
  legalComments: "none",
  logLevel: "warning",
};

/** Where files in dist/ find each other, whatever folder they end up in. */
const DIST = "dist:";

const LOADED_LATER = /import\(\s*"(\.[^"]+-node)\.ts"\s*\)/g;

/** src/sources/hub/open-node.ts: its exports are a namespace of this name in the file that has it. */
const namespaceOf = (path) => relative("src", path).replace(/\W/g, "_");

/** Every start loads these. One file of everything took 20 ms more, the hub's hashes among them (Node 20, 2026-11-28). */
const LOADS = [
  "runtime/parallelism-node",
  "sources/folder-source-node",
  "sources/model-folder-node",
  "tensor/backend/wasm/threads/spawn-node",
];
for (const path of LOADS) {
  if (!existsSync(`src/${path}.ts`)) throw new Error(`scripts/build.mjs: there is no src/${path}.ts`);
}

const nodePartOf = (path) =>
  LOADS.includes(relative("src", path).replaceAll("\\", "/")) ? "node/load.js" : "node/more.js";

const loaders = {
  module: `export async function loadWorkerProgram() {
  const loaded = await import("${DIST}worker/program.js");
  const { program } = [loaded, loaded.default, globalThis[Symbol.for("sentensor.worker")]].find(hasProgram) ?? {};
  if (program === undefined) throw new TypeError("the program of workers is missing: dist/worker/program.js");
  return program;
}
const hasProgram = (exports) => typeof exports?.program === "string";`,
  commonjs: `export async function loadWorkerProgram() {
  return require("${DIST}worker/program.js").program;
}`,
};

/** Reads sources as one of the two formats wants them. */
function readSources({ format, loadedLater = new Set(), contentsOf = (_path, text) => text }) {
  return {
    name: "sources",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: new RegExp(`^${DIST}`) }, ({ path }) => ({ path, external: true }));
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (path === resolve("src/workers/worker-program.ts")) return { contents: loaders[format] };
        let text = await readFile(path, "utf8");
        if (path === resolve("src/error-codes.ts")) text = withoutMeanings(text);
        if (format === "module") {
          text = text.replaceAll(LOADED_LATER, (_, specifier) => {
            const file = resolve(dirname(path), specifier);
            loadedLater.add(file);
            return `import("${DIST}${nodePartOf(file)}").then((node) => node.${namespaceOf(file)})`;
          });
        }
        return { contents: contentsOf(path, text), loader: "ts" };
      });
    },
  };
}

/** Text with other than ASCII characters takes twice the memory, and an import 6 ms longer (2026-11-28, Node 20). */
const format = { ascii_only: true, max_line_len: common.lineLimit, ecma: 2022 };

/** Shortens local names, a fifth of the package; functions and classes keep theirs, for stack traces. */
const readable = async (text) => await shortened(text, { toplevel: false, keep_fnames: true });

/** What callers see least of: only classes keep their names. */
const terse = async (text) => await shortened(text, { toplevel: true });

async function shortened(text, names) {
  const { code } = await minify(text, {
    ecma: 2022,
    compress: false,
    mangle: { keep_classnames: true, ...names },
    format,
  });
  return code;
}

/** Shorter by 5 % than what esbuild makes as small as it can. */
const small = async (text) => {
  const { code } = await minify(text, {
    ecma: 2022,
    compress: { passes: 2 },
    mangle: true,
    format,
  });
  // Dead code, from which Node learns the names that an import of CommonJS has.
  const [names = ""] = /\b0&&\(module\.exports=\{[^}]*\}\);?\s*$/.exec(text) ?? [];
  return `${code}\n${names}`;
};

/** Replaces addresses that begin with `DIST` by relative ones. */
async function writeOutputs(outputFiles, shorten) {
  for (const { path, text } of outputFiles) {
    const toDist = relative(dirname(path), resolve("dist")).replaceAll("\\", "/") || ".";
    const located = text.replaceAll(DIST, `${toDist}/`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, isComplete ? await shorten(located) : located);
  }
}

const INDEX = resolve("src/index.ts");
const COMMAND_LINE = resolve("src/cli/command-line.ts");

/** @returns the files that are imported when they are called for */
async function buildModules() {
  const loadedLater = new Set();
  // The command line imports the index, so that all that the index needs lands in one file. Otherwise what both need
  // would be cut into 16, and an import of the index would take 56 ms instead of 43 (2026-11-27, Node 24).
  const contentsOf = (path, text) => (path === COMMAND_LINE ? `${text}import "../index.ts";\n` : text);
  const { outputFiles } = await build({
    ...common,
    entryPoints: [INDEX, COMMAND_LINE],
    splitting: true,
    format: "esm",
    outbase: "src",
    outdir: "dist",
    chunkNames: "[name]-[hash]",
    // Otherwise that import, of which nothing is used, would be left out: package.json says that it has no effect.
    ignoreAnnotations: true,
    write: false,
    plugins: [readSources({ format: "module", loadedLater, contentsOf })],
  });
  await writeOutputs(outputFiles, readable);
  return loadedLater;
}

/** Started before all else, and alone: it turns on the cache of compiled code. */
async function buildCommandLineEntry() {
  await build({
    ...common,
    entryPoints: ["src/cli/main.ts"],
    format: "esm",
    outfile: "dist/cli/main.js",
    external: [...common.external, "./command-line.ts"],
  });
  const path = "dist/cli/main.js";
  writeFileSync(path, readFileSync(path, "utf8").replace("./command-line.ts", "./command-line.js"));
}

async function buildNodeParts(loadedLater) {
  // Files for Node load others of them.
  for (let known = -1; known < loadedLater.size; ) {
    known = loadedLater.size;
    for (const part of ["node/load.js", "node/more.js"]) {
      const files = [...loadedLater].sort().filter((file) => nodePartOf(file) === part);
      const { outputFiles } = await build({
        ...common,
        stdin: {
          contents: files
            .map((file) => `export * as ${namespaceOf(file)} from ${JSON.stringify(`${file}.ts`)};`)
            .join("\n"),
          resolveDir: process.cwd(),
        },
        format: "esm",
        outfile: `dist/${part}`,
        write: false,
        plugins: [readSources({ format: "module", loadedLater })],
      });
      await writeOutputs(outputFiles, terse);
    }
  }
}

async function buildCommonJs() {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [INDEX],
    format: "cjs",
    platform: "node",
    outfile: "dist/index.cjs",
    minifyIdentifiers: true,
    write: false,
    plugins: [readSources({ format: "commonjs" })],
  });
  await writeOutputs(outputFiles, small);
}

/**
 * One file for both formats, and for pages without a bundler, where it is an ES module that has no exports. An import()
 * of CommonJS gives what it exports (Parcel), or a namespace with that as the default (others). It lies in
 * a folder of its own, whose package.json says that it is CommonJS.
 */
async function buildWorkerProgram() {
  const bundled = await bundleWorkerProgram();
  const program = isComplete ? await small(bundled) : bundled;
  mkdirSync("dist/worker", { recursive: true });
  writeFileSync("dist/worker/package.json", `${JSON.stringify({ type: "commonjs" })}\n`);
  writeFileSync(
    "dist/worker/program.js",
    `// The program of a worker of sentensor: dist/index.js and its kin, in one script.
(function (exports) {
  exports.program =
${JSON.stringify(program)};
})(typeof exports === "object" ? exports : (globalThis[Symbol.for("sentensor.worker")] = {}));
`,
  );
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
  return reached;
}

/** Types that public ones contain, and that nobody calls by their names: their comments are 5 kB of the tarball. */
const INTERNAL =
  /^dist\/(?:nn|models|tokenizer\/(?!tokenizer\.|encoding\.|strategies\.)|workers\/(?!encoding-pool\.)|encode\/(?:job|pipeline|collectors|batches|output|outputs)\.|tensor\/(?:kernel|kernel-table|handles|placement)\.|files\/config-reader\.|base-model\/model-workers\.|modules\/(?:plain-modules|registry)\.)/;
const COMMENT = /\/\*\*[\s\S]*?\*\/\s*/g;

/**
 * Makes one set of declarations for both formats, since a class that is declared twice is two types. An ES module may
 * import declarations of CommonJS, and not the other way around: so they are those of CommonJS.
 */
function declareForBothFormats(files) {
  for (const file of files) {
    const declared = readFileSync(file, "utf8");
    const text = (INTERNAL.test(file) ? declared.replaceAll(COMMENT, "") : declared).replaceAll(
      /((?:from|import\()\s*")(\.[^"]+)\.[jt]s"/g,
      (_, before, specifier) => `${before}${specifier}.cjs"`,
    );
    writeFileSync(file, file === "dist/error-codes.d.ts" ? withoutDeclaredMeanings(text) : text);
    renameSync(file, file.replace(/\.d\.ts$/, ".d.cts"));
  }
  writeFileSync("dist/index.d.ts", 'export * from "./index.cjs";\n');
}

function declare() {
  const compiler = fileURLToPath(import.meta.resolve("typescript/package.json"));
  const { status } = spawnSync(
    process.execPath,
    [fileURLToPath(new URL("bin/tsc", `file://${compiler}`)), "-p", "tsconfig.build.json"],
    { stdio: "inherit" },
  );
  if (status !== 0) process.exit(status ?? 1);
  declareForBothFormats(removeUnreachableDeclarations());
}

rmSync("dist", { recursive: true, force: true });
if (isComplete) declare();
await Promise.all([
  buildModules().then(buildNodeParts),
  buildCommandLineEntry(),
  buildCommonJs(),
  buildWorkerProgram(),
]);
