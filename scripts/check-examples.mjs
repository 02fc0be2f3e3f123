// node scripts/check-examples.mjs NAME… | --ci | --rest | --all | --list: builds and packs the package, installs the tarball in
// copies of the projects under examples/, builds them, runs what was built, and compares the embeddings, those of
// pools as well, with the plain package's in the same runtime: the bits must be equal. scripts/examples/matrix.mjs says
// what is tried; --rest is all but --ci. SENTENSOR_RUNTIMES names the folder of scripts/install-runtimes.sh, for Bun and Deno; --keep leaves the
// copies where they are.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MATRIX } from "./examples/matrix.mjs";
import { closeBrowser, readOutput } from "./examples/pages.mjs";
import { PlainPackage } from "./examples/plain.mjs";
import { run, withServer } from "./examples/shell.mjs";
import { freePort, openSite } from "./examples/site.mjs";

const AT_ONCE = 2;
const SECONDS = { install: 240, build: 300, run: 90, page: 90 };
/** Lines of a tool's message that are shown. */
const LINES = 25;

/** A warning, and a file of the package in its first lines: not one of large assets, which comes with any model. */
const WARNING = /(?:\bwarn|\(!\))[^\n]*(?:\n[^\n]*){0,2}node_modules\/sentensor\//i;

const repository = fileURLToPath(new URL("..", import.meta.url));
const model = join(repository, "models/demo-en");
const runtimes = process.env.SENTENSOR_RUNTIMES ?? join(tmpdir(), "sentensor-runtimes");

function environment() {
  // npm tells its scripts its own settings, which other package managers would take for theirs.
  const own = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?!config_(?:registry|cache)$)/i.test(name) && name !== "NODE_OPTIONS",
  );
  const programs = ["bun/node_modules/@oven/bun-linux-x64/bin", "deno/node_modules/@deno/linux-x64-glibc"];
  return {
    ...Object.fromEntries(own),
    PATH: [...programs.map((path) => join(runtimes, path)), process.env.PATH].join(":"),
    CI: "true",
    NO_COLOR: "1",
    NEXT_TELEMETRY_DISABLED: "1",
    NO_UPDATE_NOTIFIER: "1",
    DENO_NO_UPDATE_CHECK: "1",
    // In CI, Yarn takes a lock file that is not there for one that must not change.
    YARN_ENABLE_IMMUTABLE_INSTALLS: "false",
  };
}
const env = environment();

/** Yarn does not read the settings of npm. */
async function addRegistryForYarn() {
  const { stdout } = await run("npm config get registry", { cwd: repository, env, seconds: 30 });
  env.YARN_NPM_REGISTRY_SERVER = stdout.trim();
}

async function pack(folder) {
  await run("npm run --silent build", { cwd: repository, env, seconds: 120 });
  const { stdout } = await run(`npm pack --json --ignore-scripts --pack-destination ${folder}`, {
    cwd: repository,
    env,
    seconds: 60,
  });
  return join(folder, JSON.parse(stdout)[0].filename);
}

function copyExample(entry, folder, tarball) {
  const source = join(repository, "examples", entry.folder);
  cpSync(source, folder, {
    recursive: true,
    filter: (path) => !/\/(?:node_modules|dist|\.next|demo-en)$/.test(path),
  });
  cpSync(model, join(folder, entry.model ?? "demo-en"), { recursive: true });
  const path = join(folder, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  manifest.dependencies.sentensor = `file:${tarball}`;
  if (entry.versions) manifest.devDependencies = { ...manifest.devDependencies, ...entry.versions };
  writeFileSync(path, JSON.stringify(manifest, null, 2));
}

/** Asserts that `text` holds at least one result, and that each is what the plain package gives. */
async function compare(plain, runtime, text, { pool = true, threads = true }) {
  const results = text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  if (results.length === 0) throw new Error(`no result was printed\n${text}`);
  for (const { backend, texts, embeddings, pooled } of results) {
    const expected = await plain.embed(runtime, texts);
    if (texts.length === 0 || embeddings.length !== texts.length) throw new Error("texts without embeddings");
    const differing = (found) =>
      found.filter((row, i) => String(row) !== String(expected.embeddings[i])).length;
    if (differing(embeddings) > 0) {
      throw new Error(`${differing(embeddings)} embeddings differ from those of the plain package`);
    }
    if (pool && pooled?.length !== texts.length) throw new Error("no embeddings from a pool");
    if (pool && differing(pooled) > 0) {
      throw new Error(`${differing(pooled)} embeddings of the pool differ from those of the plain package`);
    }
    const expectedBackend = threads ? expected.backend : expected.backend.replace(/, \d+ threads$/, "");
    if (backend !== expectedBackend) {
      throw new Error(`backend: expected "${expectedBackend}" as in the plain package, found "${backend}"`);
    }
  }
}

/** Opens the page as most are, and cross-origin isolated. */
async function checkPages(entry, folder, plain, timed) {
  const check = async (port) => {
    for (const isolated of [false, true]) {
      const runtime = isolated ? "isolated page" : "page";
      await timed(runtime, async () => {
        const root = typeof entry.page === "string" ? join(folder, entry.page) : undefined;
        const site = await openSite({ folder: root, port, model, isolated });
        try {
          const text = await readOutput(`${site.origin}/`, { isolated, seconds: SECONDS.page });
          await compare(plain, runtime, text, entry);
        } finally {
          site.close();
        }
      });
    }
  };
  const { serve, route } = entry.page;
  if (serve === undefined) return await check(undefined);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await withServer(serve, { cwd: folder, env: { ...env, PORT: port }, seconds: 60, url }, async () => {
    if (route !== undefined) {
      await timed("route", async () => {
        const response = await fetch(url + route, { signal: AbortSignal.timeout(SECONDS.page * 1000) });
        const text = await response.text();
        if (!response.ok) throw new Error(`${route}: ${response.status}\n${text}`);
        await compare(plain, "node", text, entry);
      });
    }
    await check(port);
  });
}

async function checkProgram(entry, folder, plain) {
  let cwd = folder;
  if (entry.alone) {
    cwd = `${folder}-alone`;
    mkdirSync(cwd);
    for (const path of [entry.alone, "package.json"])
      cpSync(join(folder, path), join(cwd, path), { recursive: true });
    cpSync(model, join(cwd, "demo-en"), { recursive: true });
    // A build that leads back to where it was made must fail as it would elsewhere.
    rmSync(folder, { recursive: true });
  }
  const { stdout } = await run(entry.run, { cwd, env, seconds: SECONDS.run });
  const text = entry.result ? readFileSync(join(cwd, entry.result), "utf8") : stdout;
  await compare(plain, entry.runtime ?? "node", text, entry);
}

async function checkExample(entry, { folder, tarball, plain, timed }) {
  if (entry.folder === null) {
    const command = `npm exec --yes --package=@arethetypeswrong/cli@0.18.5 -- attw ${tarball}`;
    return await timed("attw", () => run(command, { cwd: repository, env, seconds: 120 }));
  }
  copyExample(entry, folder, tarball);
  const step = (name, command) =>
    timed(name, () => run(command, { cwd: folder, env, seconds: SECONDS[name] }));
  await step("install", entry.install ?? "npm install --no-audit --no-fund --prefer-offline");
  for (const command of entry.build ?? []) {
    const { all } = await step("build", command);
    if (WARNING.test(all)) {
      throw new Error(`${command}: it works, but warns of the package\n${all}`);
    }
  }
  if (entry.page) await checkPages(entry, folder, plain, timed);
  if (entry.run) await timed("run", () => checkProgram(entry, folder, plain));
}

const seconds = (since) => ((performance.now() - since) / 1000).toFixed(1);

async function report(entry, context) {
  const start = performance.now();
  const steps = [];
  let current = "";
  const timed = async (name, work) => {
    const begin = performance.now();
    current = name;
    const result = await work();
    steps.push(`${name} ${seconds(begin)}`);
    return result;
  };
  const folder = join(context.folder, entry.name);
  const line = (outcome, rest) =>
    `${outcome.padEnd(7)}${entry.name.padEnd(30)}${seconds(start).padStart(6)} s  ${rest}`;
  try {
    await checkExample(entry, { ...context, folder, timed });
    console.log(line("ok", `(${steps.join(", ")})`));
    return true;
  } catch (error) {
    const text = error.message.trim().split("\n");
    const shown = text.length > LINES ? [text[0], "…", ...text.slice(1 - LINES)] : text;
    console.log([line("FAILED", current), ...shown.map((each) => `       ${each}`)].join("\n"));
    return false;
  } finally {
    if (!context.keep) {
      for (const path of [folder, `${folder}-alone`]) rmSync(path, { recursive: true, force: true });
    }
  }
}

function chosen(given) {
  const names = given.filter((argument) => !argument.startsWith("--"));
  const unknown = names.filter((name) => !MATRIX.some((entry) => entry.name === name));
  if (unknown.length > 0) throw new Error(`no such example: ${unknown.join(", ")}; --list names all`);
  if (given.includes("--all")) return MATRIX;
  if (given.includes("--ci")) return MATRIX.filter(({ ci }) => ci);
  if (given.includes("--rest")) return MATRIX.filter(({ ci }) => !ci);
  return MATRIX.filter(({ name }) => names.includes(name));
}

const given = process.argv.slice(2);
const entries = chosen(given);
if (given.includes("--list") || entries.length === 0) {
  for (const { name, ci } of MATRIX) console.log(`${name}${ci ? " (--ci)" : ""}`);
  process.exit(given.includes("--list") ? 0 : 1);
}
const folder = mkdtempSync(join(tmpdir(), "sentensor-examples-"));
const keep = given.includes("--keep");
try {
  await addRegistryForYarn();
  const tarball = await pack(folder);
  const plain = await PlainPackage.install(join(folder, "plain"), { tarball, model, env });
  const start = performance.now();
  const waiting = [...entries];
  const failed = [];
  const work = async () => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      if (!(await report(entry, { folder, tarball, plain, keep }))) failed.push(entry.name);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  console.log(`${entries.length - failed.length} of ${entries.length} examples work, in ${seconds(start)} s`);
  if (failed.length > 0) {
    console.log(`failed: ${failed.join(", ")}`);
    process.exitCode = 1;
  }
} finally {
  await closeBrowser();
  if (keep) console.log(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
