/** The projects under examples/: complete, pinned, and all of them tried by scripts/check-examples.mjs. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

interface Entry {
  readonly name: string;
  readonly folder: string | null;
  readonly versions?: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const repository = new URL("../", import.meta.url);
const examples = new URL("examples/", repository);
const { MATRIX } = (await import(new URL("scripts/examples/matrix.mjs", repository).href)) as {
  MATRIX: readonly Entry[];
};
const readManifest = (folder: URL) =>
  JSON.parse(readFileSync(new URL("package.json", folder), "utf8")) as Manifest;
const folders = readdirSync(examples);

test("every project under examples/ is tried, and what is tried is there", () => {
  assert.ok(folders.length > 10, fileURLToPath(examples));
  const tried = MATRIX.map(({ folder }) => folder).filter((folder) => folder !== null);
  assert.deepEqual([...new Set(tried)].sort(), folders.sort());
  assert.equal(new Set(MATRIX.map(({ name }) => name)).size, MATRIX.length, "names are unique");
});

test("examples pin the versions of their tools, and ask for this version of the package", () => {
  const { version } = readManifest(repository);
  for (const folder of folders) {
    const { dependencies, devDependencies } = readManifest(new URL(`${folder}/`, examples));
    const { sentensor, ...others } = dependencies;
    assert.equal(sentensor, `^${version}`, folder);
    const variants = MATRIX.filter((entry) => entry.folder === folder).map(({ versions }) => versions);
    for (const versions of [others, devDependencies, ...variants]) {
      for (const [name, pinned] of Object.entries(versions ?? {})) {
        assert.match(pinned, /^\d+\.\d+\.\d+$/, `${folder}: ${name}`);
      }
    }
    assert.ok(existsSync(new URL(`${folder}/README.md`, examples)), `${folder}/README.md`);
  }
});
