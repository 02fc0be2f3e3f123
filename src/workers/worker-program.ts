/**
 * The program of a pool's worker, as text: pool-worker.ts and all that it imports, in one script without `import()`.
 *
 * It is text, and not a file that workers are started with, since no two bundlers find such a file in the same way:
 * esbuild, Rollup and `bun build` leave it behind, Vite bundles it in a format that cannot split code, ncc and webpack
 * need an address that is written in one expression. A string is moved, inlined and loaded lazily by all of them.
 */

/**
 * This body runs where sources are run as they are. scripts/build.mjs puts another in its place, which loads the text
 * that it has bundled, dist/worker/program.js.
 */
export async function loadWorkerProgram(): Promise<string> {
  const bundler = new URL("../../scripts/worker-program.mjs", import.meta.url);
  const { bundleWorkerProgram } = (await import(bundler.href)) as {
    bundleWorkerProgram(): Promise<string>;
  };
  return await bundleWorkerProgram();
}
