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
  readonly text: string;
  /** Everything that the file names, types included; packages and built-ins as they are spelled. */
  readonly imports: readonly string[];
  /** What loads with the file. */
  readonly loads: readonly string[];
}

const STATIC = /^(?:import|export)\b([^;"']*?)\bfrom\s*["']([^"']+)["']|^import\s*["']([^"']+)["']/gm;
const DYNAMIC = /(?<![.#\w])(?:import|require)\(\s*["']([^"']+)["']\s*\)/g;

function readSources(): SourceFile[] {
  return readdirSync(src, { recursive: true })
    .map((path) => String(path).replaceAll("\\", "/"))
    .filter((path) => /\.[cm]?[jt]s$/.test(path))
    .map((path) => {
      const text = readFileSync(join(src, path), "utf8");
      const resolve = (specifier: string) =>
        specifier.startsWith(".")
          ? relative(src, join(src, dirname(path), specifier)).replaceAll("\\", "/")
          : specifier;
      const named = [...text.matchAll(STATIC)].map((match) => ({
        path: resolve(match[2] ?? match[3]!),
        isType: /^\s*type\b/.test(match[1] ?? ""),
      }));
      const dynamic = [...text.matchAll(DYNAMIC)].map((match) => resolve(match[1]!));
      return {
        path,
        text,
        imports: [...named.map((each) => each.path), ...dynamic],
        loads: named.filter(({ isType }) => !isType).map((each) => each.path),
      };
    });
}

const sources = readSources();
const byPath = new Map(sources.map((source) => [source.path, source]));

/**
 * The rooms, from the ground up, and what each may import besides its own files. A file at the top of src/ is a room of
 * its own. `import type` counts, and so does `import()`.
 */
const rooms: Readonly<Record<string, readonly string[]>> = {
  "brand.ts": [],
  "error-codes.ts": [],
  "errors.ts": ["brand.ts", "error-codes.ts"],
  runtime: ["errors.ts"],
  files: ["error-codes.ts", "errors.ts", "runtime"],
  sources: ["errors.ts", "runtime", "files"],
  checkpoint: ["errors.ts", "files", "sources"],
  "wasm-assembler": ["errors.ts"],
  tensor: ["brand.ts", "errors.ts", "runtime", "wasm-assembler"],
  nn: ["errors.ts", "runtime", "checkpoint", "tensor"],
  models: ["errors.ts", "runtime", "files", "checkpoint", "tensor", "nn"],
  tokenizer: ["errors.ts", "runtime", "files"],
  auto: ["errors.ts", "runtime", "files", "sources", "tensor", "nn", "models", "tokenizer"],
  pooling: ["errors.ts", "runtime", "files", "tensor"],
  modules: [
    ...["errors.ts", "runtime", "files", "sources", "checkpoint", "tensor", "nn", "models", "tokenizer"],
    "pooling",
  ],
  embeddings: ["errors.ts", "runtime", "tensor"],
  similarity: ["errors.ts", "runtime", "tensor", "embeddings"],
  encode: ["errors.ts", "runtime", "tensor", "models", "tokenizer", "modules", "embeddings"],
  workers: ["errors.ts", "runtime", "files", "sources", "tensor", "tokenizer", "modules", "encode"],
  "base-model": [
    ...["errors.ts", "runtime", "files", "sources", "tensor", "models", "tokenizer", "auto", "modules"],
    ...["embeddings", "similarity", "encode", "workers"],
  ],
  "sentence-transformer.ts": [
    ...["errors.ts", "runtime", "files", "tensor", "embeddings", "similarity", "encode", "workers"],
    "base-model",
  ],
  chunking: ["errors.ts", "runtime", "base-model"],
  "embedding-files": ["errors.ts", "runtime", "files", "sources", "checkpoint", "tensor", "embeddings"],
  "util.ts": ["embeddings", "similarity", "chunking", "embedding-files"],
  "index.ts": [
    ...[
      "error-codes.ts",
      "errors.ts",
      "files",
      "sources",
      "tensor",
      "tokenizer",
      "auto",
      "pooling",
      "modules",
    ],
    ...["embeddings", "similarity", "encode", "workers", "base-model", "sentence-transformer.ts", "chunking"],
    ...["embedding-files", "util.ts"],
  ],
  cli: [
    ...[
      "errors.ts",
      "runtime",
      "files",
      "sources",
      "checkpoint",
      "tensor",
      "auto",
      "embeddings",
      "similarity",
    ],
    ...["base-model", "sentence-transformer.ts", "embedding-files"],
  ],
};

function roomOf(path: string): string {
  return path.split("/")[0]!;
}

function isOurs(imported: string): boolean {
  return byPath.has(imported) || imported.startsWith("..");
}

/** "a imports b" of all imports that a rule does not allow. */
function violations(isWrong: (path: string, imported: string) => boolean): string[] {
  return sources.flatMap(({ path, imports }) =>
    imports.filter((imported) => isWrong(path, imported)).map((imported) => `${path} imports ${imported}`),
  );
}

test("the rules look at all sources", () => {
  assert.ok(sources.length > 300);
  assert.ok(byPath.get("index.ts")!.imports.includes("sentence-transformer.ts"));
  assert.ok(byPath.get("nn/weights.ts")!.imports.includes("tensor/backend.ts"), "types");
  assert.ok(
    byPath.get("sources/model-source.ts")!.imports.includes("sources/model-folder-node.ts"),
    "import()",
  );
});

test("every file of src has its room", () => {
  assert.deepEqual([...new Set(sources.map(({ path }) => roomOf(path)))].sort(), Object.keys(rooms).sort());
});

test("at most eight files lie loose in src", () => {
  const loose = sources.map(({ path }) => path).filter((path) => !path.includes("/"));
  assert.ok(loose.length <= 8, loose.join(" "));
});

test("rooms name only rooms below them, so that no circle of rooms can be", () => {
  const order = Object.keys(rooms);
  for (const [room, may] of Object.entries(rooms)) {
    for (const other of may) {
      assert.ok(order.indexOf(other) < order.indexOf(room) && order.includes(other), `${room}: ${other}`);
    }
  }
});

for (const [room, may] of Object.entries(rooms)) {
  test(`src/${room} imports only ${may.join(", ") || "nothing"}`, () => {
    const wrong = violations(
      (path, imported) =>
        roomOf(path) === room &&
        isOurs(imported) &&
        roomOf(imported) !== room &&
        !may.includes(roomOf(imported)),
    );
    assert.deepEqual(wrong, []);
  });

  test(`src/${room} needs all that it may import`, () => {
    const used = new Set(
      sources.filter(({ path }) => roomOf(path) === room).flatMap(({ imports }) => imports.map(roomOf)),
    );
    assert.deepEqual(
      may.filter((other) => !used.has(other)),
      [],
    );
  });
}

test("files import one another in no circle, types included", () => {
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      circles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      return;
    }
    state.set(path, "open");
    for (const imported of byPath.get(path)!.imports) {
      if (byPath.has(imported)) visit(imported, [...trail, path]);
    }
    state.set(path, "done");
  };
  for (const { path } of sources) visit(path, []);
  assert.deepEqual(circles, []);
});

test("the contract of backends knows no backend", () => {
  const wrong = violations(
    (path, imported) =>
      (["tensor/backend.ts", "tensor/kernel.ts", "tensor/kernel-table.ts"].includes(path) ||
        path.startsWith("tensor/ops/")) &&
      imported.startsWith("tensor/backend/"),
  );
  assert.deepEqual(wrong, []);
});

test("backends know what tensors are made of, and no tensors", () => {
  const may = [
    ...["tensor/backend.ts", "tensor/handles.ts", "tensor/kernel.ts", "tensor/kernel-table.ts"],
    ...["tensor/shape.ts", "tensor/dtype.ts", "tensor/backend/"],
  ];
  const wrong = violations(
    (path, imported) =>
      path.startsWith("tensor/backend/") &&
      imported.startsWith("tensor/") &&
      !may.some((allowed) => imported.startsWith(allowed)),
  );
  assert.deepEqual(wrong, []);
});

test("only select.ts knows every backend", () => {
  const wrong = violations(
    (path, imported) =>
      imported.startsWith("tensor/backend/") &&
      !path.startsWith("tensor/backend/") &&
      path !== "tensor/select.ts",
  );
  assert.deepEqual(wrong, []);
});

test("nothing that index.ts loads imports node: built-ins", () => {
  const seen = new Set<string>();
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const imported of byPath.get(path)?.loads ?? []) {
      assert.ok(!imported.startsWith("node:"), `${path} imports ${imported}`);
      visit(imported);
    }
  };
  visit("index.ts");
  assert.ok(seen.size > 50);
});

test("files that import node: built-ins are named *-node.ts, or belong to the command line", () => {
  const wrong = violations(
    (path, imported) =>
      imported.startsWith("node:") && !path.endsWith("-node.ts") && !path.startsWith("cli/"),
  );
  assert.deepEqual(wrong, []);
});

test("environment.ts alone looks for the globals of runtimes, beside the code for one of them", () => {
  const asks = /\b(?:typeof|globalThis\.)\s*(?:process|navigator|Deno|Bun|window|document)\b|\bprocess\??\./;
  const wrong = sources.filter(
    ({ path, text }) => asks.test(text) && !/-(?:node|browser)\.ts$/.test(path) && !path.startsWith("cli/"),
  );
  assert.deepEqual(
    wrong.map(({ path }) => path),
    ["runtime/environment.ts"],
  );
});

test("no package is imported: the engine has no dependencies", () => {
  const wrong = violations((_, imported) => !isOurs(imported) && !imported.startsWith("node:"));
  assert.deepEqual(wrong, []);
  const manifest = JSON.parse(readFileSync(join(src, "../package.json"), "utf8")) as Record<string, unknown>;
  assert.deepEqual(manifest.dependencies ?? {}, {});
});

test("what an import names is there", () => {
  const wrong = violations(
    (_, imported) => imported.startsWith("..") || (/\.[cm]?[jt]s$/.test(imported) && !byPath.has(imported)),
  );
  assert.deepEqual(wrong, []);
});

test("files/model-files.ts alone names the files of a model", () => {
  const quoted = (line: string) => [...line.matchAll(/"([\w.-]+\.(?:json|safetensors|jinja))"/g)];
  const names = new Set(quoted(byPath.get("files/model-files.ts")!.text).map((match) => match[1]!));
  assert.ok(names.has("modules.json") && names.has("model.safetensors.index.json"));
  const wrong = sources.flatMap(({ path, text }) =>
    text
      .split("\n")
      .filter((line) => !/^\s*(?:\*|\/\*|\/\/)/.test(line))
      .flatMap(quoted)
      .filter((match) => names.has(match[1]!))
      .map((match) => `${path}: ${match[1]}`),
  );
  assert.deepEqual(
    wrong.filter((each) => !each.startsWith("files/model-files.ts") && !each.includes("vocab.json")),
    [],
  );
});
