// Runs the test suite: node --test over every test/**/*.test.ts (Node 20's --test takes no glob).
// Arguments that name files or folders under test/ narrow the run; options go to node: npm test -- test/tensor
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

function testFiles(path) {
  if (statSync(path).isFile()) return path.endsWith(".test.ts") ? [path] : [];
  return readdirSync(path)
    .sort()
    .filter((name) => name !== "fixtures" && name !== "node_modules")
    .flatMap((name) => testFiles(join(path, name)));
}

const given = process.argv.slice(2);
const options = given.filter((argument) => argument.startsWith("-"));
const paths = given.filter((argument) => !argument.startsWith("-"));
const files = (paths.length > 0 ? paths : ["test"]).flatMap(testFiles);
if (files.length === 0) {
  console.error("no *.test.ts file found");
  process.exit(1);
}
// By default Node leaves a core idle, which is half of a small machine. The flag came with 20.10.
const [major, minor] = process.versions.node.split(".").map(Number);
const concurrency = major > 20 || minor >= 10 ? [`--test-concurrency=${availableParallelism()}`] : [];
const { status } = spawnSync(
  process.execPath,
  ["--import", "tsx", "--test", "--test-reporter=spec", ...concurrency, ...options, ...files],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
