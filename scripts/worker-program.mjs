// Bundles the program of a pool's worker into one script: for the build, and for sources that run as they are.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const entry = fileURLToPath(new URL("../src/pool/pool-worker.ts", import.meta.url));

/** A worker starts none itself, so the text does not hold itself once more. */
const withoutItself = {
  name: "a worker starts no workers",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/]pool[\\/]worker-program\.ts$/ }, () => {
      throw new Error("the program of a pool's worker reaches pool/worker-program.ts: it would hold itself");
    });
  },
};

/**
 * The script, in the form that every kind of worker evaluates: of an eval'd thread of Node, Deno and Bun, where
 * `require` finds what is built in, and of a classic Web Worker, which has no `require` and never calls it.
 */
export async function bundleWorkerProgram() {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "iife",
    platform: "browser",
    target: "es2022",
    external: ["node:*"],
    minify: true,
    legalComments: "none",
    plugins: [withoutItself],
    logLevel: "warning",
  });
  return outputFiles[0].text;
}
