/** Model folders in memory, to be broken one way at a time. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { openSafetensors } from "../../src/checkpoint/safetensors/open.ts";
import { type TensorToWrite, writeSafetensors } from "../../src/checkpoint/safetensors/write.ts";
import { MemorySource } from "../../src/sources/memory-source.ts";
import { modelFolder } from "./fixtures.ts";

/** All files of a fixture, by path. */
export function filesOfFixture(name: string): Record<string, Uint8Array> {
  const root = modelFolder(name);
  const files: Record<string, Uint8Array> = {};
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    files[relative(root, path).replaceAll("\\", "/")] = readFileSync(path);
  }
  return files;
}

export class ModelFiles {
  readonly #files: Map<string, Uint8Array>;

  private constructor(files: Map<string, Uint8Array>) {
    this.#files = files;
  }

  /** All files of a fixture. */
  static ofFixture(name: string): ModelFiles {
    return new ModelFiles(new Map(Object.entries(filesOfFixture(name))));
  }

  get source(): MemorySource {
    return new MemorySource(this.#files, "model");
  }

  get byPath(): Record<string, Uint8Array> {
    return Object.fromEntries(this.#files);
  }

  remove(path: string): this {
    assert.ok(this.#files.delete(path), path);
    return this;
  }

  write(path: string, content: string | Uint8Array): this {
    this.#files.set(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    return this;
  }

  json(path: string): unknown {
    return JSON.parse(new TextDecoder().decode(this.#files.get(path)));
  }

  /** Sets keys of a JSON object; undefined removes one. */
  edit(path: string, changes: Readonly<Record<string, unknown>>): this {
    const json = this.#files.has(path) ? (this.json(path) as object) : {};
    return this.write(path, JSON.stringify({ ...json, ...changes }));
  }

  /** Rewrites the tensors of a safetensors file. */
  async editTensors(path: string, change: (tensors: Map<string, TensorToWrite>) => void): Promise<this> {
    const checkpoint = await openSafetensors(this.source, path);
    const tensors = new Map<string, TensorToWrite>();
    for (const { name, dtype, shape } of checkpoint.tensors.values()) {
      tensors.set(name, { name, dtype, shape, bytes: await checkpoint.readBytes(name) });
    }
    await checkpoint.close();
    change(tensors);
    const pieces: Uint8Array[] = [];
    for await (const piece of writeSafetensors(tensors.values())) pieces.push(piece);
    return this.write(path, Buffer.concat(pieces));
  }
}
