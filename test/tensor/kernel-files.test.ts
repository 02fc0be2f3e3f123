/** Where a kernel stands: as CONTRIBUTING says, and nowhere else. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const { kernelLists } = (await import(new URL("scripts/kernel-lists.mjs", root).href)) as {
  readonly kernelLists: () => Readonly<Record<string, string>>;
};

function read(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}

/** Files in which the name stands though nobody who adds a kernel writes into them, and why. */
const OTHERS: Readonly<Record<string, string>> = {
  "src/modules/normalize.ts": "calls the op",
  "test/tensor/kernel-files.test.ts": "this test",
  "test/tensor/backend/mutants.test.ts":
    "mistakes that the suite must notice: they test the cases, not the kernel",
  "test/fixtures/kernels/generate.py": "the oracle's side",
  ...Object.fromEntries(Object.keys(kernelLists()).map((list) => [list, "written by npm run kernels"])),
};

test("a kernel stands in the files that the recipe of an op names, at most six", () => {
  const recipe = read("CONTRIBUTING.md").split("**An op.**")[1]!.split("\n\n**")[0]!;
  const named = [...recipe.matchAll(/^\d\. `((?:src|test)\/[^`]*)`/gm)].map(([, path]) => path!);
  assert.ok(named.length <= 6, named.join(" "));
  const [fast, ...others] = named.filter((path) => path.includes("<name>"));
  assert.ok(
    fast?.startsWith("src/tensor/backend/js/") && others.length === 0,
    "one file is only for some kernels",
  );

  const stands = ["src", "test"]
    .flatMap((folder) =>
      readdirSync(new URL(folder, root), { recursive: true }).map((path) => `${folder}/${String(path)}`),
    )
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => /\.(?:[cm]?[jt]s|py)$/.test(path) && /\bnormalizeRows\b/.test(read(path)));
  assert.deepEqual(
    stands.filter((path) => !(path in OTHERS)).sort(),
    named.filter((path) => path !== fast).sort(),
  );
});

test("the lists of kernels' files are those that npm run kernels writes", () => {
  for (const [list, content] of Object.entries(kernelLists())) {
    assert.equal(read(list), content, `${list}: npm run kernels`);
  }
});
