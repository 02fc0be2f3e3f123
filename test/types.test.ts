/** The declarations that users' compilers read: checked in full, with and without DOM and the types of Node. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";

const compiler = resolve("node_modules/typescript/bin/tsc");
const programs = readdirSync("test/types").filter((name) => name.endsWith(".ts"));

/** In the repository, where the types of Node are found. */
let folder = "";

/** Everything that the compiler has to say; nothing where all is well. */
function compile(...options: readonly string[]): string {
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, [compiler, ...options], {
    encoding: "utf8",
  });
  return stdout + stderr + (status === 0 ? "" : `ended with ${status ?? signal}`);
}

before(() => {
  mkdirSync(".tests", { recursive: true });
  folder = mkdtempSync(resolve(".tests", "types-"));
  const packed = join(folder, "node_modules/sentensor");
  assert.equal(compile("-p", "tsconfig.build.json", "--outDir", join(packed, "dist")), "");
  copyFileSync("package.json", join(packed, "package.json"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  for (const name of programs) copyFileSync(join("test/types", name), join(folder, name));
});

after(() => rmSync(folder, { recursive: true, force: true }));

const users = [
  { name: "a page", lib: ["ES2022", "DOM"], types: [], module: "ESNext", moduleResolution: "bundler" },
  {
    name: "a worker",
    lib: ["ES2022", "WebWorker"],
    types: [],
    module: "ESNext",
    moduleResolution: "bundler",
  },
  { name: "Node", lib: ["ES2022"], types: ["node"], module: "NodeNext", moduleResolution: "NodeNext" },
] as const;

for (const { name, ...options } of users) {
  test(`the public types are right for ${name}, without skipLibCheck`, () => {
    assert.ok(programs.includes("public-types.ts"));
    const strict = { strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true };
    const compilerOptions = { ...options, ...strict, target: "ES2022", noEmit: true, skipLibCheck: false };
    const project = join(folder, `tsconfig.${options.lib.join("-")}.json`);
    writeFileSync(project, JSON.stringify({ compilerOptions, files: programs }));
    assert.equal(compile("-p", project), "");
  });
}
