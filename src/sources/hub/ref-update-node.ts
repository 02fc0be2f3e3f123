import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelListing } from "./listing.ts";
import type { ModelCache } from "./model-cache-node.ts";
import { isWeights, planModel } from "./model-files.ts";

/**
 * Lets refs/<revision> point to the commit that is being downloaded: at once where it pointed nowhere, else
 * not before the new snapshot has what the old one had. A download of a newer version that breaks off
 * leaves the older one in use for those without a connection.
 */
export class RefUpdate {
  readonly #cache: ModelCache;
  readonly #revision: string;
  readonly #commit: string;
  readonly #awaited: Set<string>;
  #writing: Promise<void> | undefined;

  private constructor(
    cache: ModelCache,
    refs: { readonly revision: string; readonly commit: string; readonly written: boolean },
    awaited: Set<string>,
  ) {
    this.#cache = cache;
    this.#revision = refs.revision;
    this.#commit = refs.commit;
    this.#writing = refs.written ? Promise.resolve() : undefined;
    this.#awaited = awaited;
  }

  static async prepare(cache: ModelCache, revision: string, listing: ModelListing): Promise<RefUpdate> {
    const { commit } = listing;
    const previous = await cache.cachedCommit(revision);
    const written = revision === commit || previous === commit;
    const awaited = written || previous === undefined ? [] : await missing(cache, previous, listing);
    return new RefUpdate(cache, { revision, commit, written }, new Set(awaited));
  }

  /** The new snapshot has this file now. */
  async available(path: string): Promise<void> {
    this.#awaited.delete(path);
    if (this.#awaited.size > 0) return;
    this.#writing ??= this.#cache.writeRef(this.#revision, this.#commit);
    await this.#writing;
  }
}

/** The files of the new listing that stand for those that the old snapshot has. */
async function missing(cache: ModelCache, previous: string, listing: ModelListing): Promise<string[]> {
  const { files } = await cache.listSnapshot(previous);
  const hadWeights = [...files.keys()].some(isWeights);
  const { descriptions, weights } = await planModel(listing, async (path) =>
    files.has(path) ? await readFile(join(cache.snapshot(previous), path)) : undefined,
  );
  return [...descriptions.filter((path) => files.has(path)), ...(hadWeights ? weights : [])];
}
