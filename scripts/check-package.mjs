// Packs the package, installs the tarball in an empty folder without a network, and uses it there as a
// stranger would: types, import, command line, and what must not be in it.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const repository = new URL("..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "sentensor-package-"));
const run = (command, args, cwd = folder) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const check = (holds, message) => {
  if (!holds) throw new Error(message);
  console.log(`ok: ${message}`);
};

try {
  const [{ filename, size, unpackedSize, files }] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], repository),
  );
  const strangers = files
    .map(({ path }) => path)
    .filter((path) => !/^(dist\/|docs\/|package\.json$|README|CHANGELOG|LICENSE)/.test(path));
  check(strangers.length === 0, `the tarball holds nothing but the build and its papers ${strangers}`);
  check(
    size < 640_000 && unpackedSize < 2_200_000,
    `the tarball is small: ${Math.round(size / 1000)} kB, ${Math.round(unpackedSize / 1000)} kB unpacked`,
  );

  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "stranger", private: true, type: "module" }),
  );
  run("npm", ["install", "--offline", "--no-audit", "--no-fund", join(folder, filename)]);
  check(
    readdirSync(join(folder, "node_modules"))
      .filter((name) => !name.startsWith("."))
      .join() === "sentensor",
    "it installs offline and brings no other package",
  );
  const manifest = JSON.parse(readFileSync(join(folder, "node_modules/sentensor/package.json"), "utf8"));
  check(Object.keys(manifest.dependencies ?? {}).length === 0, "it has no dependencies");

  cpSync(join(repository, "models/demo-en"), join(folder, "demo-en"), { recursive: true });
  writeFileSync(
    join(folder, "use.mjs"),
    `import { SentenceTransformer } from "sentensor";
const model = await SentenceTransformer.load("demo-en");
const [a, b, c] = await model.encode(["a fish of cold rivers", "trout", "a tax on income"]);
const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
console.log(JSON.stringify({ length: a.length, near: dot(a, b), far: dot(a, c) }));
await model.dispose();`,
  );
  const { length, near, far } = JSON.parse(run(process.execPath, ["use.mjs"]));
  check(
    length === 128 && near > far + 0.1,
    `it embeds a sentence: ${near.toFixed(3)} near, ${far.toFixed(3)} far`,
  );

  const version = run(join(folder, "node_modules/.bin/sentensor"), ["--version"]).trim();
  check(version === manifest.version, `its command line runs: ${version}`);

  writeFileSync(
    join(folder, "use.ts"),
    `import { SentenceTransformer, type Tensor } from "sentensor";
const model = await SentenceTransformer.load("demo-en");
const one: Float32Array = await model.encode("a");
const many: Float32Array[] = await model.encode(["a"]);
const tensor: Tensor = await model.encode(["a"], { convertToTensor: true });
// @ts-expect-error: a number is not a text
await model.encode(1);
export { many, one, tensor };`,
  );
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        target: "ES2022",
        module: "NodeNext",
        moduleResolution: "NodeNext",
        noEmit: true,
        types: [],
        lib: ["ES2023", "DOM", "ESNext.Disposable"],
      },
      files: ["use.ts"],
    }),
  );
  run(process.execPath, [join(repository, "node_modules/typescript/bin/tsc"), "-p", folder]);
  check(
    statSync(join(folder, "node_modules/sentensor/dist/index.d.ts")).size > 0,
    "its types are right for a strict user",
  );
} catch (error) {
  console.error(error.stdout ?? "", error.stderr ?? "", error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
