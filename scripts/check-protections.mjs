// npm run check:protections [part of a name]: removes one protection after the other in a copy of the repository, and
// runs the tests that must then fail. A test that passes all the same guards nothing, and is named at the end.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("..", import.meta.url));

/** What is removed: `find`, which stands once in the file, becomes `replace`; `test` fails then. */
const PROTECTIONS = [
  {
    name: "hub: the hash of a download is compared",
    file: "src/sources/hub/blob-download-node.ts",
    find: "digest !== undefined && digest !== etag",
    replace: "digest === null",
    test: "test/sources/hub/download.test.ts",
  },
  {
    name: "hub: a resumed download asks whether the file is the same (If-Range)",
    file: "src/sources/hub/client.ts",
    find: "if (atHub && etag !== undefined) headers",
    replace: "if (etag === null) headers",
    test: "test/sources/hub/download.test.ts",
  },
  {
    name: "hub: a rest that begins elsewhere is refused",
    file: "src/sources/hub/transfer.ts",
    find: "position > 0 && !continuesAt(reply.response, position)",
    replace: "position < 0",
    test: "test/sources/hub/download.test.ts",
  },
  {
    name: "hub: a server that stalls is given up",
    file: "src/sources/http/client.ts",
    find: 'watchdog.guard(() => reader.read(), this.timing.stallTimeout, "sent nothing")',
    replace: "reader.read()",
    test: "test/sources/hub/download.test.ts",
  },
  ...["test/sources/hub/download.test.ts", "test/sources/http-source.test.ts"].flatMap((test) => [
    {
      name: `http: errors of servers are retried (${test})`,
      file: "src/sources/http/client.ts",
      find: "new Set([408, 425, 429, 500, 502, 503, 504])",
      replace: "new Set([])",
      test,
    },
    {
      name: `http: a broken connection is taken up again (${test})`,
      file: "src/sources/http/client.ts",
      find: "if (++failures >= this.timing.attempts) throw error;",
      replace: "if (true) throw error;",
      test,
    },
  ]),
  {
    name: "http: a server that always breaks off is given up",
    file: "src/sources/http/client.ts",
    find: "furthest = Math.max(furthest, position)",
    replace: "furthest = 0",
    test: "test/sources/http-source.test.ts",
  },
  {
    name: "http: the rest of another file is not joined to what is there",
    file: "src/sources/http/file.ts",
    find: 'rest.headers.get("etag") === begun.headers.get("etag") &&',
    replace: "",
    test: "test/sources/http-source.test.ts",
  },
  {
    name: "hub: one process downloads a file, the others wait",
    file: "src/sources/hub/partial-file-node.ts",
    find: "if (isAlive(writer, stats.mtimeMs)) {",
    replace: "if (Math.abs(0) > 1) {",
    test: "test/sources/hub/download.test.ts",
  },
  {
    name: "hub: a file has its name only when it is whole",
    file: "src/sources/hub/partial-file-node.ts",
    find: "path: join(blobs, own),",
    replace: "path: join(blobs, etag),",
    test: "test/sources/hub/download.test.ts",
  },
  {
    name: "hub: what fills the disk is removed",
    file: "src/sources/hub/blob-download-node.ts",
    find: "isSpoilt || error instanceof HubStorageError",
    replace: "isSpoilt",
    test: "test/sources/hub/download.test.ts",
  },
  {
    name: "hub: the token goes to the hub alone",
    file: "src/sources/hub/client.ts",
    find: "token !== undefined && atHub",
    replace: "token !== undefined",
    test: "test/sources/hub/access.test.ts",
  },
  {
    name: "hub: names do not leave the cache's folder",
    file: "src/sources/hub/hub-path.ts",
    find: "if (problem !== undefined) return problem;",
    replace: "return undefined;",
    test: "test/sources/hub/access.test.ts",
  },
  {
    name: "pool: the chunk of a worker that ends is done by another",
    file: "src/workers/encoding-pool.ts",
    find: "this.#queue.unshift(chunk);",
    replace: "chunk.run.fail(ended);",
    test: "test/workers/encoding-pool.test.ts",
  },
  {
    name: "pool: a chunk that ends every worker is given up",
    file: "src/workers/encoding-pool.ts",
    find: "chunk.attempts >= MOST_ATTEMPTS",
    replace: "chunk.attempts < 0",
    test: "test/workers/encoding-pool.test.ts",
  },
  {
    name: "pool: without workers nothing waits",
    file: "src/workers/encoding-pool.ts",
    find: "if (this.size === 0) for (const run of this.#runs) run.fail(this.#withoutWorkers());",
    replace: "",
    test: "test/workers/encoding-pool.test.ts",
  },
  {
    name: "command line: Ctrl-C ends between two batches",
    file: "src/cli/command-line.ts",
    find: "controller.abort(reason);",
    replace: "process.exit(reason.exitCode);",
    test: "test/cli/main.test.ts",
  },
  {
    name: "command line: a closed pipe is no error",
    file: "src/cli/command-line.ts",
    find: 'if (error.code === "EPIPE") process.exit(0);',
    replace: "",
    test: "test/cli/main.test.ts",
  },
  {
    name: "command line: a run goes on behind the rows that the header speaks of",
    file: "src/embedding-files/matrix-file-node.ts",
    find: "await writeAt(handle, path, await format.header(count), 0);",
    replace: "await writeAt(handle, path, await format.header(0), 0);",
    test: "test/embedding-files/writer.test.ts",
  },
  {
    name: "command line: rows are written before the header speaks of them",
    file: "src/embedding-files/matrix-file-node.ts",
    find: "let position = this.#dataEnd(this.#count);",
    replace:
      "let position = this.#dataEnd(this.#count); await writeAt(this.#handle, path, await format.header(this.#count + content.rows.count), 0);",
    test: "test/embedding-files/writer.test.ts",
  },
];

/** The files that git knows, and those that it would: a state that is not committed yet is checked, too. */
function copyRepository() {
  const root = mkdtempSync(join(tmpdir(), "sentensor-protections-"));
  const copy = join(root, "repository"); // so that ../shared is not there: its tests are not needed
  const { stdout } = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: repository,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  for (const file of stdout.split("\0").filter((name) => name !== "")) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(repository, file), join(copy, file));
  }
  symlinkSync(join(repository, "node_modules"), join(copy, "node_modules"));
  process.once("exit", () => rmSync(root, { recursive: true, force: true }));
  return copy;
}

/** How many tests failed, and of how many; null where none ran to an end. */
function runTest(copy, test) {
  const { stdout } = spawnSync(process.execPath, ["scripts/test.mjs", test], {
    cwd: copy,
    encoding: "utf8",
    timeout: 90_000,
    maxBuffer: 2 ** 26,
  });
  const of = (what) => /** @type {const} */ (new RegExp(`^ℹ ${what} (\\d+)$`, "m").exec(stdout)?.[1]);
  return of("tests") === undefined
    ? null
    : { failed: Number(of("fail")) + Number(of("cancelled")), tests: of("tests") };
}

const chosen = PROTECTIONS.filter(({ name }) => name.includes(process.argv[2] ?? ""));
const copy = copyRepository();
const problems = [];
for (const test of new Set(chosen.map((protection) => protection.test))) {
  const result = runTest(copy, test);
  if (result === null || result.failed > 0) problems.push(`${test} fails as things are`);
}
for (const { name, file, find, replace, test } of chosen) {
  const path = join(copy, file);
  const source = readFileSync(path, "utf8");
  if (source.split(find).length !== 2) {
    problems.push(`${name}: ${file} has ${source.split(find).length - 1} × ${find}`);
    continue;
  }
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  const result = runTest(copy, test);
  writeFileSync(path, source);
  const seen = result === null ? "the tests did not end" : `${result.failed} of ${result.tests} tests fail`;
  console.log(`${result?.failed === 0 ? "✖" : "✔"} ${name}\n    without it, of ${test} ${seen}`);
  if (result?.failed === 0) problems.push(`${name}: ${test} passes without it`);
}
for (const problem of problems) console.log(`✖ ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);
