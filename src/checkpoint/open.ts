import { ArgumentError, FileError } from "../errors.ts";
import type { FileSource } from "../files/file-source.ts";
import { type WeightFile, weightFiles } from "../files/model-files.ts";
import { fileNameIn } from "../files/relative-path.ts";
import { prefixed } from "../sources/prefixed-source.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { openPytorchBin } from "./pytorch-bin/open.ts";
import { openSafetensors } from "./safetensors/open.ts";
import { findShards, type OpenShard, openSharded, type ShardIndex } from "./sharded.ts";

export interface OpenCheckpointOptions {
  /** The subfolder that holds the checkpoint, such as "2_Dense"; the source itself where it is not given. */
  readonly folder?: string;
}

interface Format {
  readonly open: OpenShard;
  /** Whether the file is the index of shards that are opened so. */
  readonly isIndex: boolean;
}

const opening: Readonly<Record<WeightFile["format"], OpenShard>> = {
  safetensors: openSafetensors,
  pickle: openPytorchBin,
};

const formats = weightFiles.map(({ file, format, shards }) => ({
  path: file,
  format: { open: opening[format], isIndex: shards !== undefined },
}));

const pickled: Format = { open: openPytorchBin, isIndex: false };

const endings: readonly (readonly [ending: string, format: Format])[] = [
  ...formats.map(({ path, format }) => [path.replace(/^\w+/, ""), format] as const),
  [".pt", pickled],
  [".pth", pickled],
];

/** A checkpoint of which no more than an index has been read. */
export interface FoundCheckpoint {
  /** Names and places of its tensors; null: only the file itself tells them. */
  readonly index: ShardIndex | null;
  /** Whether opening it needs no transfer over a network. */
  isLocal(): Promise<boolean>;
  open(): Promise<Checkpoint>;
}

/**
 * Finds the weights of a model folder: the first of `weightFiles` that is there.
 *
 * @throws FileError where none of them is, or a shard is missing. @throws FormatError for a broken index.
 */
export async function findCheckpoint(source: FileSource): Promise<FoundCheckpoint> {
  for (const { path, format } of formats) {
    if (await source.exists(path)) return await find(source, path, format);
  }
  const paths = weightFiles.map(({ file }) => file).join(", ");
  throw new FileError(source.name, `no checkpoint found; looked for ${paths}`, { code: "weights-not-found" });
}

async function find(source: FileSource, path: string, { open, isIndex }: Format): Promise<FoundCheckpoint> {
  const index = isIndex ? await findShards(source, path) : null;
  return {
    index,
    async isLocal() {
      for (const file of index?.shards ?? [path]) {
        if (!(await source.isLocal?.(file))) return false;
      }
      return true;
    },
    open: () => (index === null ? open(source, path) : openSharded(source, index, open)),
  };
}

/**
 * Opens the weights of a model folder.
 *
 * @throws FileError, FormatError as `findCheckpoint`. @throws UnsupportedError as the formats do.
 */
export async function openCheckpoint(
  source: FileSource,
  { folder = "" }: OpenCheckpointOptions = {},
): Promise<Checkpoint> {
  const found = await findCheckpoint(prefixed(source, folder));
  return await found.open();
}

/**
 * Opens one file, in the format that its name ends in.
 *
 * @throws ArgumentError for other endings. @throws FileError, FormatError, UnsupportedError as the formats do.
 */
export async function openCheckpointFile(source: FileSource, path: string): Promise<Checkpoint> {
  for (const [ending, format] of endings) {
    if (path.endsWith(ending)) return await (await find(source, path, format)).open();
  }
  const known = endings.map(([ending]) => ending).join(", ");
  throw new ArgumentError(
    `${fileNameIn(source.name, path)}: expected the name of a checkpoint to end in ${known}`,
    { code: "unknown-format", subject: path },
  );
}
