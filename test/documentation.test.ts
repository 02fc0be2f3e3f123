/**
 * Every example that a reader may copy is run, in the order of its document, in a folder where nothing but the packed
 * package is installed. What needs a clone is indented instead of fenced.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { errorCodes } from "../src/error-codes.ts";
import * as sentensor from "../src/index.ts";
import { InstalledPackage } from "./helpers/installed-package.ts";
import { readExamples, runExample } from "./helpers/markdown-examples.ts";
import { readParameterTable } from "./helpers/parameter-table.ts";

const repository = fileURLToPath(new URL("../", import.meta.url));
const read = (file: string) => readFileSync(join(repository, file), "utf8");
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync(join(repository, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

let installed: InstalledPackage;
before(async () => {
  installed = await InstalledPackage.install();
});
after(() => installed.remove());

for (const file of documents) {
  for (const example of readExamples(file)) {
    test(`${file}:${example.line}: the example runs`, async () => {
      const printed = await runExample(installed, example);
      assert.doesNotMatch(printed, /undefined|NaN/);
    });
  }

  test(`${file}: links inside the repository lead somewhere`, () => {
    for (const [, target] of read(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)) {
      assert.ok(existsSync(join(repository, dirname(file), target!)), target);
    }
  });

  test(`${file}: the npm scripts that it names exist`, () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    for (const [, name] of read(file).matchAll(/npm run ([\w:-]+)/g)) assert.ok(name! in scripts, name);
  });
}

test("the README begins with the installation and an example that says how much it downloads", () => {
  const [installation, first] = readExamples("README.md");
  assert.deepEqual([installation!.language, installation!.code], ["sh", "npm install sentensor"]);
  assert.match(first!.code, /load\("all-MiniLM-L6-v2"\).*downloads 90 MB/);
});

test("npx finds the command line of the installed package", async () => {
  const { version } = JSON.parse(read("package.json")) as { version: string };
  assert.equal((await installed.npx("sentensor", "--version")).trim(), version);
});

test("documents that the package contains link to nothing that it lacks", () => {
  const inPackage = /^(?:README|CHANGELOG|LICENSE|docs\/)/;
  for (const file of documents.filter((name) => inPackage.test(name))) {
    for (const [, target] of read(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)) {
      const path = join(dirname(file), target!);
      assert.ok(existsSync(join(installed.folder, "node_modules/sentensor", path)), `${file}: ${target}`);
    }
  }
});

test("docs/python-to-typescript.md: every expression is true", async (t) => {
  const rows = readParameterTable().filter(({ proof }) => proof !== "");
  const cases = rows.map(({ line, code }) => ({ line, code }));
  const printed = await installed.runProgram(
    `import * as sentensor from "sentensor";
const model = await sentensor.SentenceTransformer.load("all-MiniLM-L6-v2");
const sentences = ["the first text", "a second one", "and a third"];
const later = { pool: undefined, bert: undefined, encoded: undefined, output: undefined };
const scope = { ...sentensor, ...later, model, sentences, folder: "table" };
const AsyncFunction = (async () => {}).constructor;
const results = [];
for (const { line, code } of ${JSON.stringify(cases)}) {
  try {
    // \`with\`: the expressions may set names of the scope, for those that follow.
    results.push([line, await new AsyncFunction("scope", \`with (scope) { return (\${code}); }\`)(scope)]);
  } catch (error) {
    results.push([line, String(error?.stack)]);
  }
}
await model.dispose();
console.log("\\n" + JSON.stringify(results));`,
    "mjs",
  );
  const results = new Map(JSON.parse(printed.trimEnd().split("\n").at(-1)!) as [number, unknown][]);
  assert.equal(results.size, rows.length);
  for (const { line, python, typescript } of rows) {
    await t.test(`docs/python-to-typescript.md:${line}: ${python || typescript}`, () => {
      assert.equal(results.get(line), true);
    });
  }
});

/** The rows of docs/errors.md: code, classes, meaning, what to do. */
const errorRows = read("docs/errors.md")
  .split("\n")
  .flatMap((line) => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const code = /^`([\w-]+)`$/.exec(cells[1] ?? "")?.[1];
    return code === undefined ? [] : [{ code, classes: cells[2]!, meaning: cells[3]!, advice: cells[4]! }];
  });

test("docs/errors.md has a row for every code of src/error-codes.ts, with its meaning", () => {
  const meanings = Object.fromEntries(errorRows.map(({ code, meaning }) => [code, meaning]));
  assert.deepEqual(meanings, { ...errorCodes });
  assert.equal(errorRows.length, Object.keys(errorCodes).length, "no code has two rows");
});

/** Not exported: of the command line, of threads, or a bug of this package. Their codes tell them apart. */
const INTERNAL = ["UsageError", "AssemblyError", "ThreadError"];
const isNamed = (name: string) => INTERNAL.includes(name) || name in sentensor;

/**
 * What each `new XError(…)` of the sources can have as its code: those that it spells, or the general one of its class.
 * A class that callers have no name for counts as the one that it extends.
 */
function thrownClasses(): Record<string, string[]> {
  const src = join(repository, "src");
  const texts = readdirSync(src, { recursive: true })
    .map(String)
    .filter((path) => path.endsWith(".ts"))
    .map((path) => readFileSync(join(src, path), "utf8"));
  const general = new Map<string, string>();
  const parents = new Map<string, string>();
  for (const text of texts) {
    for (const [, name, parent] of text.matchAll(/\bclass (\w+) extends (\w+)/g)) parents.set(name!, parent!);
    for (const [, name, code] of text.matchAll(/declareErrorClass\(\w+, "(\w+)", "([\w-]+)"\)/g)) {
      general.set(name!, code!);
    }
  }
  const classes = new Map<string, Set<string>>();
  for (const text of texts) {
    for (const { index, 0: opening, 1: name } of text.matchAll(/\bnew (\w+Error)\(/g)) {
      if (!general.has(name!)) continue; // of the language
      let end = index + opening.length;
      for (let depth = 1; depth > 0; end++) {
        if (text[end] === "(") depth++;
        else if (text[end] === ")") depth--;
      }
      const stated = /\bcode: ([^,}]*)/.exec(text.slice(index, end))?.[1] ?? `"${general.get(name!)}"`;
      const codes = [...stated.matchAll(/"([\w-]+)"/g)].map((match) => match[1]!);
      assert.ok(codes.length > 0, `a code that no text says: ${text.slice(index, end)}`);
      for (const code of codes) {
        if (!classes.has(code)) classes.set(code, new Set());
        classes.get(code)!.add(isNamed(name!) ? name! : parents.get(name!)!);
      }
    }
  }
  // General codes that nothing is thrown with at present stay promised.
  general.delete("SentensorError"); // the base of all, which has the code of one of them
  for (const [name, code] of general) if (!classes.has(code)) classes.set(code, new Set([name]));
  return Object.fromEntries([...classes].map(([code, names]) => [code, [...names].sort()]));
}

test("docs/errors.md names the classes that are thrown with each code, and no others", () => {
  const thrown = thrownClasses();
  for (const { code, classes } of errorRows) {
    assert.deepEqual(classes.replaceAll("`", "").split(", ").sort(), thrown[code], code);
  }
});

test("docs/errors.md names classes of the package, and says what to do", () => {
  for (const { code, classes, advice } of errorRows) {
    for (const name of classes.replaceAll("`", "").split(", ")) {
      assert.ok(isNamed(name), `${code}: ${name}`);
    }
    assert.match(advice, /^[A-Z`].*\.$/, code);
  }
});
