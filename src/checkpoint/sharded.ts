import { FileError, FormatError } from "../errors.ts";
import type { FileSource } from "../files/file-source.ts";
import { JsonCursor } from "../files/json-cursor.ts";
import { quote } from "../files/quote.ts";
import { decodeJsonText } from "../files/read-json.ts";
import { fileNameIn, relativePathProblem } from "../files/relative-path.ts";
import type { Checkpoint, TensorInfo } from "./checkpoint.ts";
import { findTensor } from "./stored-checkpoint.ts";

export type OpenShard = (source: FileSource, path: string) => Promise<Checkpoint>;

/** An index file (model.safetensors.index.json and its like), which spreads a checkpoint over several files. */
export interface ShardIndex {
  readonly file: string;
  /** tensor name → shard, as the index names it. */
  readonly weightMap: ReadonlyMap<string, string>;
  /** Paths in the source. */
  readonly shards: readonly string[];
  /** In front of a shard's name: its path in the source. */
  readonly folder: string;
}

/**
 * Reads an index, and looks whether its shards are there.
 *
 * @throws FileError where the index or a shard is missing. @throws FormatError for a broken index.
 */
export async function findShards(source: FileSource, path: string): Promise<ShardIndex> {
  const file = fileNameIn(source.name, path);
  const weightMap = parseIndex(await source.read(path), file);
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const shards = [...new Set(weightMap.values())].map((shard) => folder + shard);
  // Sequentially, so that a hostile index fails at its first missing shard.
  for (const shard of shards) {
    if (!(await source.exists(shard))) {
      throw missingShard(file, `${fileNameIn(source.name, shard)}: there is no such file`);
    }
  }
  return { file, weightMap, shards, folder };
}

/**
 * Opens a sharded checkpoint. The index and the files must agree: every tensor of the index is in the file that it
 * names, and a file has no tensor that the index does not place there.
 *
 * @throws FileError where a shard is missing. @throws FormatError where they do not agree.
 */
export async function openSharded(
  source: FileSource,
  { file: index, weightMap, folder }: ShardIndex,
  openShard: OpenShard,
): Promise<Checkpoint> {
  const shards = new Map<string, Checkpoint>();
  try {
    // Opened sequentially, so that the first broken shard ends it.
    for (const shard of new Set(weightMap.values())) {
      shards.set(shard, await openListed(source, folder + shard, { index, openShard }));
    }
    return new ShardedCheckpoint(index, placeTensors(weightMap, shards, index), [...shards.values()]);
  } catch (error) {
    await closeAll(shards.values());
    throw error;
  }
}

async function openListed(
  source: FileSource,
  path: string,
  { index, openShard }: { readonly index: string; readonly openShard: OpenShard },
): Promise<Checkpoint> {
  try {
    return await openShard(source, path);
  } catch (cause) {
    if (!(cause instanceof FileError)) throw cause;
    throw missingShard(index, cause.message, { cause });
  }
}

function missingShard(index: string, problem: string, options?: ErrorOptions): FileError {
  return new FileError(index, `lists a shard that cannot be opened: ${problem}`, {
    code: "missing-shard",
    ...options,
  });
}

/** tensor name → shard. */
function parseIndex(bytes: Uint8Array, file: string): ReadonlyMap<string, string> {
  const cursor = new JsonCursor(decodeJsonText(bytes, file), file);
  let weightMap: Map<string, string> | undefined;
  cursor.readObject((key) => {
    if (key !== "weight_map") {
      cursor.skipValue();
      return;
    }
    const entries = new Map<string, string>();
    weightMap = entries;
    cursor.readObject((tensor) => {
      const shard = cursor.readString();
      const problem = relativePathProblem(shard);
      if (problem !== undefined) {
        throw new FormatError(`tensor ${quote(tensor)}: the shard's name, ${quote(shard)}, ${problem}`, {
          code: "path-outside-folder",
          subject: tensor,
          file,
        });
      }
      entries.set(tensor, shard);
    });
  });
  cursor.end();
  if (weightMap === undefined)
    throw new FormatError('"weight_map" is missing', { code: "missing-key", subject: "weight_map", file });
  return weightMap;
}

interface PlacedTensor {
  readonly info: TensorInfo;
  readonly shard: Checkpoint;
}

function placeTensors(
  weightMap: ReadonlyMap<string, string>,
  shards: ReadonlyMap<string, Checkpoint>,
  file: string,
): ReadonlyMap<string, PlacedTensor> {
  const placed = new Map<string, PlacedTensor>();
  for (const [shardName, shard] of shards) {
    for (const info of shard.tensors.values()) {
      const expected = weightMap.get(info.name);
      if (expected !== shardName) {
        const place = expected === undefined ? "does not list it" : `places it in ${quote(expected)}`;
        throw new FormatError(`tensor ${quote(info.name)} is in ${quote(shardName)}; the index ${place}`, {
          code: "shard-mismatch",
          subject: info.name,
          file,
        });
      }
      placed.set(info.name, { info, shard });
    }
  }
  for (const [tensor, shardName] of weightMap) {
    if (!placed.has(tensor)) {
      throw new FormatError(
        `tensor ${quote(tensor)} is not in ${quote(shardName)}, where the index places it`,
        { code: "shard-mismatch", subject: tensor, file },
      );
    }
  }
  return placed;
}

class ShardedCheckpoint implements Checkpoint {
  readonly name: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** What all shards say alike. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly parallel: boolean;
  readonly #placed: ReadonlyMap<string, PlacedTensor>;
  readonly #shards: readonly Checkpoint[];

  constructor(name: string, placed: ReadonlyMap<string, PlacedTensor>, shards: readonly Checkpoint[]) {
    this.name = name;
    this.tensors = new Map([...placed].map(([tensor, { info }]) => [tensor, info]));
    const [first, ...others] = shards;
    this.metadata = new Map(
      [...(first?.metadata ?? [])].filter(([key, value]) =>
        others.every((shard) => shard.metadata.get(key) === value),
      ),
    );
    this.parallel = shards.every((shard) => shard.parallel);
    this.#placed = placed;
    this.#shards = shards;
  }

  async readFloat32(name: string, target: Float32Array, start: number): Promise<void> {
    await this.#shardOf(name).readFloat32(name, target, start);
  }

  async readBytes(name: string, start?: number, end?: number): Promise<Uint8Array> {
    return await this.#shardOf(name).readBytes(name, start, end);
  }

  async close(): Promise<void> {
    await closeAll(this.#shards);
  }

  #shardOf(name: string): Checkpoint {
    findTensor(this, name);
    return this.#placed.get(name)!.shard;
  }
}

/** Closes all, and only then reports the first failure. */
async function closeAll(checkpoints: Iterable<Checkpoint>): Promise<void> {
  const results = await Promise.allSettled([...checkpoints].map((checkpoint) => checkpoint.close()));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
