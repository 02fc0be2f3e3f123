/** Every example that a reader may copy is run. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readExamples, runExample } from "./helpers/markdown-examples.ts";

const repository = fileURLToPath(new URL("../", import.meta.url));
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  ...(existsSync(join(repository, "docs"))
    ? readdirSync(join(repository, "docs"))
        .filter((name) => name.endsWith(".md"))
        .map((name) => `docs/${name}`)
    : []),
];

for (const file of documents) {
  for (const example of readExamples(file)) {
    const runs = example.language === "ts" || /^npx sentensor /m.test(example.code);
    if (!runs) continue;
    test(`${file}:${example.line}: the example runs`, async () => {
      const printed = await runExample(example);
      assert.doesNotMatch(printed, /undefined|NaN/);
    });
  }

  test(`${file}: links inside the repository lead somewhere`, () => {
    const text = readFileSync(join(repository, file), "utf8");
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)) {
      assert.ok(existsSync(join(repository, dirname(file), target!)), target);
    }
  });

  test(`${file}: the npm scripts that it names exist`, () => {
    const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const text = readFileSync(join(repository, file), "utf8");
    for (const [, name] of text.matchAll(/npm run ([\w:-]+)/g)) assert.ok(name! in scripts, name);
  });
}

test("the examples are there", () => {
  const examples = documents.flatMap(readExamples);
  assert.ok(examples.filter(({ language }) => language === "ts").length >= 5);
});
