import { randomBytes } from "node:crypto";
import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { hubPathProblem } from "./hub-path.ts";
import { formatListing, type ModelFile, type ModelListing, readListing } from "./listing.ts";
import { isCommit } from "./revision.ts";
import { errorCode, storing, unlessMissing } from "./storage-node.ts";

/** https://bford.info/cachedir/: backup programs leave such folders out. */
const CACHE_TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This file is a cache directory tag created by sentensor.
# For information about cache directory tags, see https://bford.info/cachedir/
`;

/** Where links cannot be made, or need a right that few users of Windows have. */
const NO_SYMLINKS = new Set(["EPERM", "EACCES", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL", "UNKNOWN"]);

export interface ModelCacheOptions {
  readonly cacheFolder: string;
  readonly model: string;
  /** false: copies instead. */
  readonly symlinks: boolean;
  /** What makes a link; `symlink` of Node where it is not given. */
  readonly link?: typeof symlink;
}

/**
 * One model's part of the cache that this package shares with huggingface_hub:
 *
 *     models--org--name/refs/main                       the commit that "main" stood for
 *     models--org--name/blobs/<etag>                    the content of files, by its hash
 *     models--org--name/snapshots/<commit>/config.json  a relative link to a blob, or a copy of it
 *
 * What huggingface_hub does not know of lies in models--org--name/.sentensor, which it leaves alone:
 * <commit>.json says which files that commit has, so that an incomplete snapshot can be told from a whole
 * one. (Its own trees/<commit>.json has another meaning: there it refuses snapshots that lack any file, and
 * this package never fetches all.)
 */
export class ModelCache {
  readonly model: string;
  readonly folder: string;
  readonly blobs: string;
  readonly #cacheFolder: string;
  readonly #makeLink: typeof symlink | undefined;

  constructor({ cacheFolder, model, symlinks, link = symlink }: ModelCacheOptions) {
    this.model = model;
    this.folder = join(cacheFolder, `models--${model.replace("/", "--")}`);
    this.blobs = join(this.folder, "blobs");
    this.#cacheFolder = cacheFolder;
    this.#makeLink = symlinks ? link : undefined;
  }

  snapshot(commit: string): string {
    return join(this.folder, "snapshots", commit);
  }

  blob(etag: string): string {
    return join(this.blobs, etag);
  }

  /** The commit that a revision stood for when it was last asked for, where files of it are there. */
  async cachedCommit(revision: string): Promise<string | undefined> {
    const commit = isCommit(revision) ? revision : await this.readRef(revision);
    if (commit === undefined) return undefined;
    const stats = await this.#storing(this.snapshot(commit), () =>
      unlessMissing(() => stat(this.snapshot(commit))),
    );
    return stats?.isDirectory() ? commit : undefined;
  }

  async readRef(revision: string): Promise<string | undefined> {
    const file = join(this.folder, "refs", revision);
    try {
      const commit = (await readFile(file, "utf8")).trim();
      return isCommit(commit) ? commit : undefined;
    } catch {
      return undefined;
    }
  }

  /** Where that fails (a read-only cache), the files serve all the same. */
  async writeRef(revision: string, commit: string): Promise<void> {
    await this.#replaceFile(join(this.folder, "refs", revision), commit);
  }

  async readListing(commit: string): Promise<ModelListing | undefined> {
    try {
      const listing = readListing(await readFile(this.#listingFile(commit), "utf8"));
      return listing?.commit === commit ? listing : undefined;
    } catch {
      return undefined;
    }
  }

  /** Where that fails, less is known the next time. */
  async writeListing(listing: ModelListing): Promise<void> {
    await this.#replaceFile(this.#listingFile(listing.commit), formatListing(listing));
  }

  /** What lies in a snapshot, whoever put it there. */
  async listSnapshot(commit: string): Promise<ModelListing> {
    const files = new Map<string, ModelFile>();
    const root = this.snapshot(commit);
    const entries = await this.#storing(root, () => unlessMissing(() => readdir(root, { recursive: true })));
    for (const entry of entries ?? []) {
      const path = entry.replaceAll("\\", "/");
      if (hubPathProblem(path) !== undefined) continue;
      const size = await this.sizeOf(join(root, entry));
      if (size !== undefined) files.set(path, { size, etag: undefined });
    }
    return { commit, files };
  }

  /** Whether a snapshot has a file, of the size that the hub lists. */
  async hasFile(commit: string, path: string, { size }: ModelFile): Promise<boolean> {
    const found = await this.sizeOf(join(this.snapshot(commit), path));
    return found !== undefined && (size === undefined || found === size);
  }

  /** In bytes; undefined where there is no such file, or a link to nothing. */
  async sizeOf(file: string): Promise<number | undefined> {
    const stats = await this.#storing(file, () => unlessMissing(() => stat(file)));
    return stats?.isFile() ? stats.size : undefined;
  }

  async prepare(): Promise<void> {
    await this.#storing(this.blobs, () => mkdir(this.blobs, { recursive: true }));
    await writeFile(join(this.#cacheFolder, "CACHEDIR.TAG"), CACHE_TAG, { flag: "wx" }).catch(() => {});
  }

  /**
   * Puts a blob into a snapshot under its path.
   *
   * @param isNew whether no other snapshot can have it: where there are no links, it is moved then, not copied
   */
  async place(commit: string, path: string, etag: string, isNew: boolean): Promise<void> {
    const blob = this.blob(etag);
    const file = join(this.snapshot(commit), path);
    await this.#storing(file, async () => {
      await mkdir(dirname(file), { recursive: true });
      if (await this.#link(blob, file)) return;
      if (isNew) {
        await rename(blob, file);
        return;
      }
      await replacing(file, (temporary) => copyFile(blob, temporary));
    });
  }

  /** @returns false where this file system has no links */
  async #link(blob: string, file: string): Promise<boolean> {
    const makeLink = this.#makeLink;
    if (makeLink === undefined) return false;
    const target = relative(dirname(file), blob);
    try {
      await makeLink(target, file, "file");
      return true;
    } catch (error) {
      if (NO_SYMLINKS.has(errorCode(error) ?? "")) return false;
      if (errorCode(error) !== "EEXIST") throw error;
    }
    // Of another process, or of an earlier time, when it may have led to nothing.
    const existing = await readlink(file).catch(() => undefined);
    if (existing !== target) await replacing(file, (temporary) => makeLink(target, temporary, "file"));
    return true;
  }

  #listingFile(commit: string): string {
    return join(this.folder, ".sentensor", `${commit}.json`);
  }

  async #replaceFile(file: string, text: string): Promise<void> {
    try {
      await mkdir(dirname(file), { recursive: true });
      await replacing(file, (temporary) => writeFile(temporary, text));
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
    }
  }

  async #storing<T>(path: string, action: () => Promise<T>): Promise<T> {
    return await storing(this.model, path, action);
  }
}

/** `write` makes a file under another name, which then takes the place of `file` at once. */
async function replacing(file: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${file}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await write(temporary);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}
