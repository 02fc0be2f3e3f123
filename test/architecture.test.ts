/** The rules that CONTRIBUTING.md draws: who may import whom, and what must not be in the sources. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const src = fileURLToPath(new URL("../src/", import.meta.url));

interface SourceFile {
  /** Relative to src/, with forward slashes. */
  readonly path: string;
  /** Static imports and re-exports: what loads with the file. */
  readonly imports: readonly string[];
  readonly dynamicImports: readonly string[];
}

function readSources(): SourceFile[] {
  return readdirSync(src, { recursive: true })
    .map((path) => String(path).replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts"))
    .map((path) => {
      const text = readFileSync(join(src, path), "utf8");
      const resolve = (specifier: string) =>
        specifier.startsWith(".")
          ? relative(src, join(src, dirname(path), specifier)).replaceAll("\\", "/")
          : specifier;
      const imports = [
        ...text.matchAll(/^(?:import|export)\b(?! type\b)[^;]*?from "([^"]+)";|^import "([^"]+)";/gm),
      ];
      const dynamic = [...text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g)];
      return {
        path,
        imports: imports.map((match) => resolve(match[1] ?? match[2]!)),
        dynamicImports: dynamic.map((match) => resolve(match[1]!)),
      };
    });
}

const sources = readSources();
const byPath = new Map(sources.map((source) => [source.path, source]));

function under(path: string, folders: readonly string[]): boolean {
  return folders.some(
    (folder) => path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`),
  );
}

test("the rules look at real files", () => {
  assert.ok(sources.length > 60);
  assert.ok(byPath.get("index.ts")!.imports.includes("sentence-transformer.ts"));
  assert.ok(byPath.get("model-source.ts")!.dynamicImports.some((path) => path.endsWith("-node.ts")));
});

/** What the files of a folder may import statically, besides their own folder. */
const layers: readonly { readonly of: string; readonly may: readonly string[] }[] = [
  { of: "error-codes.ts", may: [] },
  { of: "brand.ts", may: [] },
  { of: "errors.ts", may: ["brand.ts", "error-codes.ts"] },
  { of: "runtime", may: [] },
  { of: "scheduling.ts", may: [] },
  { of: "in-order.ts", may: [] },
  { of: "worker-problem.ts", may: [] },
  { of: "check-arguments.ts", may: ["errors.ts"] },
  { of: "option-meanings.ts", may: [] },
  { of: "check-options.ts", may: ["errors.ts", "check-arguments.ts", "option-meanings.ts"] },
  { of: "tensor/backend.ts", may: [] },
  {
    of: "tensor/backend",
    may: [
      "brand.ts",
      "errors.ts",
      "runtime",
      "worker-problem.ts",
      "tensor/backend.ts",
      "tensor/shape.ts",
      "tensor/dtype.ts",
    ],
  },
  {
    of: "tensor",
    may: [
      "brand.ts",
      "errors.ts",
      "runtime",
      "check-arguments.ts",
      "check-options.ts",
      "scheduling.ts",
      "worker-problem.ts",
    ],
  },
  { of: "checkpoint", may: ["errors.ts", "check-arguments.ts", "check-options.ts"] },
  { of: "tokenizer", may: ["errors.ts", "check-arguments.ts", "check-options.ts", "checkpoint"] },
  { of: "nn", may: ["errors.ts", "scheduling.ts", "checkpoint", "tensor"] },
  {
    of: "models",
    may: ["errors.ts", "scheduling.ts", "in-order.ts", "config-reader.ts", "checkpoint", "tensor", "nn"],
  },
  { of: "pooling", may: ["errors.ts", "check-arguments.ts", "config-reader.ts", "tensor"] },
];

for (const { of, may } of layers) {
  test(`src/${of} imports only ${may.join(", ") || "nothing"}`, () => {
    const wrong = sources
      .filter(({ path }) => under(path, [of]))
      .flatMap(({ path, imports }) =>
        imports
          .filter((imported) => !imported.startsWith("node:") && !under(imported, [of, ...may]))
          .map((imported) => `${path} imports ${imported}`),
      );
    assert.deepEqual(wrong, []);
  });
}

test("ops know the contract of backends, not the backends", () => {
  const wrong = sources
    .filter(({ path }) => path.startsWith("tensor/ops/"))
    .flatMap(({ path, imports }) =>
      imports.filter((i) => i.startsWith("tensor/backend/")).map((i) => `${path}: ${i}`),
    );
  assert.deepEqual(wrong, []);
});

test("only select.ts knows every backend", () => {
  const wrong = sources
    .filter(({ path }) => !path.startsWith("tensor/backend/") && path !== "tensor/select.ts")
    .flatMap(({ path, imports, dynamicImports }) =>
      [...imports, ...dynamicImports]
        .filter((i) => i.startsWith("tensor/backend/"))
        .map((i) => `${path}: ${i}`),
    );
  assert.deepEqual(wrong, []);
});

test("nothing that index.ts loads imports node: built-ins", () => {
  const seen = new Set<string>();
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const imported of byPath.get(path)?.imports ?? []) {
      assert.ok(!imported.startsWith("node:"), `${path} imports ${imported}`);
      visit(imported);
    }
  };
  visit("index.ts");
  assert.ok(seen.size > 50);
});

test("files that import node: built-ins are named *-node.ts, or belong to the command line", () => {
  const wrong = sources
    .filter(({ path }) => !path.endsWith("-node.ts") && !path.startsWith("cli/"))
    .filter(({ imports, dynamicImports }) =>
      [...imports, ...dynamicImports].some((i) => i.startsWith("node:")),
    )
    .map(({ path }) => path);
  assert.deepEqual(wrong, []);
});

test("no package is imported: the engine has no dependencies", () => {
  const wrong = sources.flatMap(({ path, imports, dynamicImports }) =>
    [...imports, ...dynamicImports]
      .filter((imported) => !imported.endsWith(".ts") && !imported.startsWith("node:"))
      .map((imported) => `${path} imports ${imported}`),
  );
  assert.deepEqual(wrong, []);
  const manifest = JSON.parse(readFileSync(join(src, "../package.json"), "utf8")) as Record<string, unknown>;
  assert.deepEqual(manifest.dependencies ?? {}, {});
});
