// Runs the test suite: node --test over every test/**/*.test.ts (Node 20's --test takes no glob).
// Arguments that name files or folders under test/ narrow the run; options go to node: npm test -- test/tensor
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Files that share a process. Node starts one for each file it is given, and TypeScript's loader in it. */
const GROUP = 8;

/** What belongs to a process as a whole: hooks outside of a suite, and the environment. */
const NEEDS_OWN_PROCESS = /^(?:before|after|beforeEach|afterEach)\(|process\.env|\.prototype\.\w+ =/m;

function testFiles(path) {
  if (statSync(path).isFile()) return path.endsWith(".test.ts") ? [path] : [];
  return readdirSync(path)
    .sort()
    .filter((name) => name !== "fixtures" && name !== "node_modules")
    .flatMap((name) => testFiles(join(path, name)));
}

/** Modules that import several test files each: 0.3 s a file less (2026-11-23, Node 20, 2 cores). */
function inGroups(files) {
  // Not under node_modules: from Node 21 on, no test is looked for there, even where its file is named.
  const folder = mkdtempSync(join(tmpdir(), "sentensor-tests-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const alone = files.filter((file) => NEEDS_OWN_PROCESS.test(readFileSync(file, "utf8")));
  const together = files.filter((file) => !alone.includes(file));
  const groups = [];
  for (let start = 0; start < together.length; start += GROUP) {
    const group = join(folder, `group-${groups.length}.test.mjs`);
    const imports = together.slice(start, start + GROUP).map((file) => pathToFileURL(resolve(file)).href);
    writeFileSync(group, imports.map((url) => `import ${JSON.stringify(url)};\n`).join(""));
    groups.push(group);
  }
  return [...alone, ...groups];
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
const build = spawnSync("npm", ["run", "--silent", "build"], {
  stdio: "inherit",
  shell: process.platform === "win32",
});
if (build.status !== 0) process.exit(build.status ?? 1);
// By default Node leaves a core idle, which is half of a small machine. The flag came with 20.10.
const [major, minor] = process.versions.node.split(".").map(Number);
const concurrency = major > 20 || minor >= 10 ? [`--test-concurrency=${availableParallelism()}`] : [];
const { status } = spawnSync(
  process.execPath,
  [
    ...["--import", "tsx", "--test", "--test-reporter=spec", ...concurrency],
    ...options,
    ...(files.length > GROUP ? inGroups(files) : files),
  ],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
