// Runs the test suite: node --test over every test/**/*.test.ts (Node 20's --test takes no glob).
// Arguments that name files or folders under test/ narrow the run; options go to node: npm test -- test/tensor
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
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
const { status } = spawnSync(
  process.execPath,
  ["--import", "tsx", "--test", "--test-reporter=spec", ...options, ...files],
  {
    stdio: "inherit",
  },
);
process.exit(status ?? 1);
