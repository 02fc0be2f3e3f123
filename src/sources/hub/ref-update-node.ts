import type { ModelListing } from "./listing.ts";
import type { ModelCache } from "./model-cache-node.ts";
import { isWeights, planModel } from "./model-plan.ts";
import { cachedListing, isComplete, readSnapshotFile } from "./snapshot-node.ts";

/** What `refs/<revision>` leads to before the update. */
interface Previous {
  readonly commit: string;
  readonly files: ModelListing["files"];
  /** Whether the model can be loaded from it. */
  readonly isComplete: boolean;
}

/**
 * Lets refs/<revision> point to the commit that is being downloaded: at once where it pointed nowhere, else
 * not before the new snapshot has what the old one had: all that loading the model asks for, or as much of it. A
 * download of a newer version that breaks off leaves the older one in use for those without a connection.
 */
export class RefUpdate {
  readonly #cache: ModelCache;
  readonly #revision: string;
  readonly #listing: ModelListing;
  /** undefined: there is nothing to wait for. */
  readonly #previous: Previous | undefined;
  readonly #available = new Set<string>();
  /** Files that say which folders the model has; before they are there, those of the old snapshot stand for them. */
  readonly #plannedFrom = new Set<string>();
  #awaited: Promise<readonly string[]> = Promise.resolve([]);
  #writing: Promise<void> | undefined;

  private constructor(
    cache: ModelCache,
    {
      revision,
      listing,
      previous,
    }: { revision: string; listing: ModelListing; previous: Previous | undefined },
  ) {
    this.#cache = cache;
    this.#revision = revision;
    this.#listing = listing;
    this.#previous = previous;
    if (previous !== undefined) this.#awaited = this.#plan(previous);
  }

  static async prepare(cache: ModelCache, revision: string, listing: ModelListing): Promise<RefUpdate> {
    const commit = await cache.cachedCommit(revision);
    const written = revision === listing.commit || commit === listing.commit;
    let previous: Previous | undefined;
    if (!written && commit !== undefined) {
      const { listing: known, isListed } = await cachedListing(cache, commit);
      const complete = await isComplete(cache, known);
      // Of a complete one, nobody asks which files there are.
      const { files } = complete || !isListed ? known : await cache.listSnapshot(commit);
      previous = { commit, files, isComplete: complete };
    }
    const update = new RefUpdate(cache, { revision, listing, previous });
    if (written) update.#writing = Promise.resolve();
    return update;
  }

  /** The new snapshot has this file now. */
  async available(path: string): Promise<void> {
    this.#available.add(path);
    const previous = this.#previous;
    if (previous !== undefined && this.#plannedFrom.has(path)) this.#awaited = this.#plan(previous);
    for (let plan: unknown; plan !== this.#awaited; ) {
      plan = this.#awaited;
      if ((await this.#awaited).some((awaited) => !this.#available.has(awaited))) return;
    }
    this.#writing ??= this.#cache.writeRef(this.#revision, this.#listing.commit);
    await this.#writing;
  }

  /** The files of the new listing that stand for those of the old snapshot. */
  async #plan(previous: Previous): Promise<readonly string[]> {
    const { descriptions, weights } = await planModel(this.#listing, (path) => {
      this.#plannedFrom.add(path);
      const { commit } = this.#available.has(path) ? this.#listing : previous;
      return readSnapshotFile(this.#cache, commit, path);
    });
    if (previous.isComplete) return [...descriptions, ...weights];
    const hadWeights = [...previous.files.keys()].some(isWeights);
    return [...descriptions.filter((path) => previous.files.has(path)), ...(hadWeights ? weights : [])];
  }
}
