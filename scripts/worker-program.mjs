// Bundles the program of a pool's worker into one script: for the build, and for sources that run as they are.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { withoutMeanings } from "./read-sources.mjs";

/** @throws Error where there is no such file: a rule for a file that has moved would be lost silently */
function source(path) {
  const file = fileURLToPath(new URL(`../src/${path}`, import.meta.url));
  if (!existsSync(file)) throw new Error(`src/${path}: there is no such file`);
  return file;
}

/** What a worker never does, though classes that it has could: it gets its model's place from the pool. */
const NEVER_CALLED = {
  [source("sources/model-source.ts")]: ["openModelSource"],
};

/** What a worker gets from the thread that starts it: src/workers/shared-data.ts. */
const SHARED = "tokenizer/unicode/tables.ts";

function fromOtherThread(text) {
  const names = [...text.matchAll(/^export const (\w+)/gm)].map((match) => match[1]);
  return `export const { ${names.join(", ")} } = globalThis[Symbol.for("sentensor.shared-data")]["${SHARED}"];`;
}

/** A worker starts no workers: the text would hold itself. */
const NEVER_REACHED = source("workers/worker-program.ts");

const readSources = {
  name: "sources of workers",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (path === NEVER_REACHED) throw new Error("the program of a pool's worker reaches itself");
      const names = NEVER_CALLED[path];
      if (names !== undefined) {
        const stubs = names.map(
          (name) => `export function ${name}() { throw new Error("${name}: in a worker"); }`,
        );
        return { contents: stubs.join("\n") };
      }
      const text = await readFile(path, "utf8");
      if (path === source(SHARED)) return { contents: fromOtherThread(text) };
      return { contents: path === source("error-codes.ts") ? withoutMeanings(text) : text, loader: "ts" };
    });
  },
};

/**
 * The script, in the form that every kind of worker evaluates: of an eval'd thread of Node, Deno and Bun, where
 * `require` finds what is built in, and of a classic Web Worker, which has no `require` and never calls it.
 */
export async function bundleWorkerProgram() {
  const { outputFiles } = await build({
    entryPoints: [source("workers/pool-worker.ts")],
    bundle: true,
    write: false,
    format: "iife",
    platform: "browser",
    target: "es2022",
    external: ["node:*"],
    minify: true,
    legalComments: "none",
    plugins: [readSources],
    logLevel: "warning",
  });
  return outputFiles[0].text;
}
