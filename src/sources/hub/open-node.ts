import { errorTerminal } from "../../runtime/environment.ts";
import { FolderSource } from "../folder-source-node.ts";
import { defaultTiming, type NetworkTiming, withTimeouts } from "../http/timing.ts";
import { downloadBlob } from "./blob-download-node.ts";
import { HubClient } from "./client.ts";
import { DownloadProgress } from "./download-progress.ts";
import { type Environment, type NodeSettings, readSettings } from "./environment-node.ts";
import { HubError, HubIntegrityError, HubOfflineError, RevisionNotFoundError } from "./errors.ts";
import { HubSource, type HubStore } from "./hub-source.ts";
import { describeFile, fetchListing, type ModelFile, type ModelListing } from "./listing.ts";
import { ModelCache } from "./model-cache-node.ts";
import { resolveModelName } from "./model-name.ts";
import type { HubOptions } from "./options.ts";
import { RefUpdate } from "./ref-update-node.ts";
import { checkRevision, DEFAULT_REVISION, isCommit } from "./revision.ts";
import { type CachedListing, cachedListing, isComplete } from "./snapshot-node.ts";

/** Replaced in tests. */
export interface NodeSurroundings {
  readonly environment: Environment;
  readonly timing: NetworkTiming;
}

export interface OpenedModel {
  readonly source: HubSource;
  /** The snapshot: the folder that has the model's files under their names. */
  readonly folder: string;
}

/** A model of the hub, by way of the cache on disk. */
export async function openNodeModel(
  name: string,
  options: HubOptions,
  surroundings?: Partial<NodeSurroundings>,
): Promise<OpenedModel> {
  options.signal?.throwIfAborted();
  const model = resolveModelName(name);
  const revision = checkRevision(options.revision ?? DEFAULT_REVISION);
  const settings = await readSettings(options, surroundings?.environment ?? process.env);
  return await new Opening(model, revision, options, settings, surroundings?.timing).open();
}

class Opening {
  readonly #model: string;
  readonly #revision: string;
  readonly #options: HubOptions;
  readonly #settings: NodeSettings;
  readonly #cache: ModelCache;
  readonly #client: HubClient;

  constructor(
    model: string,
    revision: string,
    options: HubOptions,
    settings: NodeSettings,
    timing: NetworkTiming = defaultTiming,
  ) {
    const { endpoint, token } = settings;
    const { fetch, signal } = options;
    this.#model = model;
    this.#revision = revision;
    this.#options = options;
    this.#settings = settings;
    this.#cache = new ModelCache({ cacheFolder: settings.cacheFolder, model, symlinks: settings.symlinks });
    this.#client = new HubClient({
      model,
      endpoint,
      token,
      signal,
      fetch,
      browser: false,
      timing: withTimeouts(timing, settings),
    });
  }

  async open(): Promise<OpenedModel> {
    const { offlineBecause } = this.#settings;
    const cached = await this.#cached();
    if (offlineBecause !== undefined) {
      if (cached === undefined) throw this.#nothingCached(offlineBecause);
      return this.#fromCache(cached.listing, new Error(`downloads are switched off (${offlineBecause})`));
    }
    // A commit never changes: what was listed once is what the hub would say again.
    if (cached?.isListed && isCommit(this.#revision)) return await this.#fromHub(cached.listing);
    let listing: ModelListing;
    try {
      listing = await this.#askHub(cached);
    } catch (error) {
      if (cached === undefined || !(error instanceof HubError) || error instanceof RevisionNotFoundError) {
        throw error;
      }
      return this.#fromCache(cached.listing, error);
    }
    await this.#cache.writeListing(listing);
    return await this.#fromHub(listing);
  }

  /** Once only where the cache can serve instead: nobody waits long then. */
  async #askHub(cached: CachedListing | undefined): Promise<ModelListing> {
    const canServe = cached !== undefined && (await isComplete(this.#cache, cached.listing));
    return await fetchListing(this.#client, this.#revision, canServe ? 1 : undefined);
  }

  /** The commit that the revision last stood for. */
  async #cached(): Promise<CachedListing | undefined> {
    const commit = await this.#cache.cachedCommit(this.#revision);
    return commit === undefined ? undefined : await cachedListing(this.#cache, commit);
  }

  async #fromHub(listing: ModelListing): Promise<OpenedModel> {
    const { progress, showProgressBar } = this.#options;
    const showBar = (showProgressBar ?? false) && this.#settings.progressBars;
    const store = new NodeStore({
      client: this.#client,
      cache: this.#cache,
      commit: listing.commit,
      refUpdate: await RefUpdate.prepare(this.#cache, this.#revision, listing),
      progress: new DownloadProgress(progress, showBar ? errorTerminal() : undefined),
    });
    return this.#opened(listing, store, undefined);
  }

  #fromCache(listing: ModelListing, offline: Error): OpenedModel {
    return this.#opened(listing, new CacheOnlyStore(this.#cache, listing.commit, offline), offline);
  }

  #opened(listing: ModelListing, store: HubStore, offline: Error | undefined): OpenedModel {
    const folder = this.#cache.snapshot(listing.commit);
    const source = new HubSource({
      model: this.#model,
      listing,
      store,
      offline,
      signal: this.#options.signal,
      folder,
    });
    return { source, folder };
  }

  #nothingCached(reason: string): HubOfflineError {
    return new HubOfflineError(
      this.#model,
      `revision "${this.#revision}" is not in the cache (${this.#settings.cacheFolder}), and downloads are switched off (${reason})`,
      { subject: this.#revision },
    );
  }
}

interface NodeStoreOptions {
  readonly client: HubClient;
  readonly cache: ModelCache;
  readonly commit: string;
  readonly refUpdate: RefUpdate;
  readonly progress: DownloadProgress;
}

class NodeStore implements HubStore {
  readonly files: FolderSource;
  readonly #options: NodeStoreOptions;

  constructor(options: NodeStoreOptions) {
    this.files = new FolderSource(options.cache.snapshot(options.commit));
    this.#options = options;
  }

  async has(path: string, file: ModelFile): Promise<boolean> {
    return await this.#options.cache.hasFile(this.#options.commit, path, file);
  }

  async fetch(path: string, listed: ModelFile): Promise<void> {
    const { client, cache, commit, progress } = this.#options;
    const { size, etag } = await describeFile(client, commit, path, listed);
    if (etag === undefined) {
      throw new HubIntegrityError(client.model, `${path}: the server sent no ETag, which the cache needs`, {
        code: "missing-etag",
      });
    }
    await cache.prepare();
    const report = (loaded: number) => progress.report(path, loaded, size);
    try {
      const isNew = await downloadBlob(client, cache, { commit, path, file: { size, etag }, report });
      await cache.place(commit, path, etag, isNew);
    } finally {
      progress.ended(path);
    }
  }

  async available(path: string): Promise<void> {
    await this.#options.refUpdate.available(path);
  }
}

/** The cache as it is. */
class CacheOnlyStore implements HubStore {
  readonly files: FolderSource;
  readonly #cache: ModelCache;
  readonly #commit: string;
  readonly #reason: Error;

  constructor(cache: ModelCache, commit: string, reason: Error) {
    this.files = new FolderSource(cache.snapshot(commit));
    this.#cache = cache;
    this.#commit = commit;
    this.#reason = reason;
  }

  async has(path: string, file: ModelFile): Promise<boolean> {
    return await this.#cache.hasFile(this.#commit, path, file);
  }

  async fetch(path: string): Promise<void> {
    throw new HubOfflineError(
      this.#cache.model,
      `${path} is not in the cache (${this.files.name}), and cannot be downloaded: ${this.#reason.message}`,
      { subject: path, cause: this.#reason },
    );
  }

  async available(): Promise<void> {}
}
