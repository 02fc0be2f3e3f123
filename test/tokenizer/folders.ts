/** Tokenizer folders in memory, as test/fixtures/tokenizers/generate.py describes them. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { FileSource } from "../../src/files/file-source.ts";
import { MemorySource } from "../../src/sources/memory-source.ts";

const root = new URL("../../", import.meta.url);
const shared = new URL("../../../shared/", import.meta.url);

/**
 * A string is text, `$path` a file of this repository, `$shared` one of ../shared, `$base` a tokenizer.json of
 * this repository with other `parts`, anything else JSON.
 */
export type Files = { readonly [name: string]: unknown };

export function folder(files: Files): FileSource {
  const contents = new Map<string, Uint8Array>();
  for (const [name, value] of Object.entries(files)) contents.set(name, bytesOf(value));
  return new MemorySource(contents, "a folder");
}

function bytesOf(value: unknown): Uint8Array {
  if (typeof value === "string") return new TextEncoder().encode(value);
  const reference = value as { readonly $path?: string; readonly $shared?: string; readonly $base?: string };
  if (reference.$path !== undefined) return readFileSync(new URL(reference.$path, root));
  if (reference.$shared !== undefined) return readFileSync(new URL(reference.$shared, shared));
  const json = reference.$base === undefined ? value : withParts(value as Based);
  return new TextEncoder().encode(JSON.stringify(json));
}

interface Based {
  readonly $base: string;
  /** Parts instead of the file's; `{ $model: … }` changes some fields of its model. */
  readonly parts: { readonly [part: string]: unknown };
}

interface Base {
  readonly model: object;
}

const bases = new Map<string, Base>();

function readBase(path: string): Base {
  const base = bases.get(path) ?? (JSON.parse(readFileSync(new URL(path, root), "utf8")) as Base);
  bases.set(path, base);
  return base;
}

function withParts({ $base, parts }: Based): unknown {
  const file = readBase($base);
  const changes = (parts.model as { readonly $model?: object } | undefined)?.$model;
  const whole = { ...file, ...parts };
  return changes === undefined ? whole : { ...whole, model: { ...file.model, ...changes } };
}

/** Why tests with third-party files are skipped, false where they are there. */
export const withoutShared: string | false = existsSync(new URL("tokenizers/", shared))
  ? false
  : "the folder ../shared with third-party tokenizers is not there";

export function readShared(path: string): string {
  return readFileSync(new URL(path, shared), "utf8");
}

export function fixture<T>(name: string): T {
  const bytes = readFileSync(new URL(`../fixtures/tokenizers/${name}`, import.meta.url));
  return JSON.parse((name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8")) as T;
}

/** Whether long test data are taken whole, and not sampled. */
export const allLines = process.env.SENTENSOR_ALL_LINES === "1";

/** The digest of texts that generate.py makes. */
export function digest(texts: readonly string[]): string {
  const lines = texts.map((text) => `${text}\n`).join("");
  return createHash("sha256").update(lines).digest("hex").slice(0, 8);
}

export interface Oracle {
  readonly tokenizers: string;
  readonly transformers: string;
}
