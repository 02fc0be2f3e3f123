/**
 * The package as it is built, for tests that start processes of their own: without TypeScript's loader each of them
 * starts a second sooner. `npm test` builds it first.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

function built(path: string): URL {
  const url = new URL(`../../dist/${path}`, import.meta.url);
  if (!existsSync(url))
    throw new Error(`${fileURLToPath(url)} is missing: run the tests by npm test, which builds`);
  return url;
}

/** The address of the package's entry. */
export const builtEntry: string = built("index.js").href;

/** The path of the command line. */
export const builtCommandLine: string = fileURLToPath(built("cli/main.js"));
