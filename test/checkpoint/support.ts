/** What the tests of checkpoints share: files built byte by byte, and a source that counts what is asked of it. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { dtypeInfo } from "../../src/checkpoint/dtype.ts";
import type { FileSource, RangeReader } from "../../src/files/file-source.ts";
import { MemorySource } from "../../src/sources/memory-source.ts";

const fixtures = new URL("../fixtures/checkpoints/", import.meta.url);

/** A file of test/fixtures/checkpoints (regenerate with generate.py there), unpacked. */
export function fixture(name: string): Uint8Array<ArrayBuffer> {
  const bytes = readFileSync(new URL(name, fixtures));
  return Uint8Array.from(name.endsWith(".gz") ? gunzipSync(bytes) : bytes);
}

export function fixtureJson<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, fixtures), "utf8")) as T;
}

/** The library versions that made the fixtures, for test titles. */
export const versions =
  fixtureJson<Readonly<Record<"torch" | "safetensors" | "numpy", string>>>("versions.json");

export function memory(files: Readonly<Record<string, Uint8Array | string>>): MemorySource {
  return new MemorySource(
    new Map(
      Object.entries(files).map(([path, content]) => [
        path,
        typeof content === "string" ? utf8(content) : content,
      ]),
    ),
  );
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text));
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A safetensors file with the header as it is written here. */
export function safetensorsFile(
  header: string | Uint8Array,
  data: Uint8Array | number = 0,
): Uint8Array<ArrayBuffer> {
  const json = typeof header === "string" ? utf8(header) : header;
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(json.length), true);
  return concat([prefix, json, typeof data === "number" ? new Uint8Array(data) : data]);
}

/** Passes everything on and keeps the largest number of bytes that was asked for at once. */
export class CountingSource implements FileSource {
  readonly name: string;
  largest = 0;
  opened = 0;
  closed = 0;
  readonly #source: FileSource;

  constructor(source: FileSource) {
    this.name = source.name;
    this.#source = source;
  }

  exists(path: string): Promise<boolean> {
    return this.#source.exists(path);
  }

  read(path: string): Promise<Uint8Array> {
    return this.#source.read(path);
  }

  async open(path: string): Promise<RangeReader> {
    const reader = await this.#source.open(path);
    this.opened++;
    return {
      name: reader.name,
      size: reader.size,
      readInto: async (target, position) => {
        this.largest = Math.max(this.largest, target.length);
        await reader.readInto(target, position);
      },
      close: async () => {
        this.closed++;
        await reader.close();
      },
    };
  }
}

/** Reads everything that a checkpoint has, both ways. */
export async function readAll(checkpoint: Checkpoint): Promise<void> {
  for (const { name, dtype, byteLength } of checkpoint.tensors.values()) {
    await checkpoint.readBytes(name);
    await checkpoint.readFloat32(name, new Float32Array(byteLength / dtypeInfo(dtype).byteSize), 0);
  }
}

/** All elements of a tensor as f32. */
export async function float32(checkpoint: Checkpoint, name: string): Promise<Float32Array> {
  const info = checkpoint.tensors.get(name)!;
  const values = new Float32Array(info.byteLength / dtypeInfo(info.dtype).byteSize);
  await checkpoint.readFloat32(name, values, 0);
  return values;
}
