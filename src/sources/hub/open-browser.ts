import { ArgumentError, UnsupportedError } from "../../errors.ts";
import { BlobSource } from "../blob-source.ts";
import { defaultTiming, type NetworkTiming } from "../http/timing.ts";
import {
  type BrowserStorage,
  type BrowserSurroundings,
  NoStorage,
  openBrowserStorage,
} from "./browser-storage.ts";
import { HubClient } from "./client.ts";
import { contentHashRule, wrongHash } from "./content-hash.ts";
import { DownloadProgress } from "./download-progress.ts";
import { HubError, HubIntegrityError, HubOfflineError, RevisionNotFoundError } from "./errors.ts";
import { HubSource, type HubStore } from "./hub-source.ts";
import {
  fetchListing,
  filePath,
  formatListing,
  type ModelFile,
  type ModelListing,
  readListing,
} from "./listing.ts";
import { resolveModelName } from "./model-name.ts";
import type { HubModel, HubOptions } from "./options.ts";
import { checkRevision, DEFAULT_REVISION, isCommit } from "./revision.ts";
import { checkEndpoint, checkToken, DEFAULT_ENDPOINT } from "./settings.ts";
import { type Digest, Sha1, Sha256 } from "./sha.ts";
import { ResumeRefused, transfer } from "./transfer.ts";

export interface BrowserModelSurroundings extends BrowserSurroundings {
  readonly timing: NetworkTiming;
}

/** A model of the hub in a browser. */
export async function openBrowserModel(
  name: string,
  options: HubOptions,
  surroundings: BrowserModelSurroundings = {
    caches: globalThis.caches,
    storage: globalThis.navigator?.storage,
    timing: defaultTiming,
  },
): Promise<HubModel> {
  const { signal, localFilesOnly } = options;
  signal?.throwIfAborted();
  if (options.cacheFolder !== undefined) {
    throw new UnsupportedError(
      "cacheFolder: browsers have no folders; files are kept in the browser's own cache",
      { code: "no-file-system", subject: "cacheFolder" },
    );
  }
  if (options.token === true)
    throw new ArgumentError("token: browsers have no saved token; pass the token itself", {
      code: "token-not-found",
      subject: "token",
    });
  const model = resolveModelName(name);
  const revision = checkRevision(options.revision ?? DEFAULT_REVISION);
  const client = new HubClient({
    model,
    endpoint: checkEndpoint(options.endpoint ?? DEFAULT_ENDPOINT),
    token: options.token ? checkToken(options.token) : undefined,
    timing: surroundings.timing,
    signal,
    fetch: options.fetch,
    browser: true,
  });
  const storage = await openBrowserStorage(surroundings);
  const listings = new SavedListings(storage, client);
  const saved = await listings.read(revision);

  let listing = saved;
  let offline: Error | undefined;
  if (localFilesOnly) {
    offline = new Error("downloads are switched off (localFilesOnly)");
  } else if (saved === undefined || !isCommit(revision)) {
    try {
      listing = await fetchListing(client, revision, saved === undefined ? undefined : 1);
      await listings.write(revision, listing);
    } catch (error) {
      const isFinal = !(error instanceof HubError) || error instanceof RevisionNotFoundError;
      if (saved === undefined || isFinal) throw error;
      offline = error;
    }
  }
  if (listing === undefined) {
    throw new HubOfflineError(model, `revision "${revision}" is not in the cache, and ${offline?.message}`, {
      subject: revision,
    });
  }
  const { commit } = listing;
  const progress = new DownloadProgress(options.progress, undefined);
  const store = new BrowserStore({ client, storage, commit, offline, progress });
  return new HubSource({ model, listing, store, offline, signal, folder: undefined });
}

/** What the hub listed for a revision the last time. */
class SavedListings {
  readonly #storage: BrowserStorage;
  readonly #client: HubClient;

  constructor(storage: BrowserStorage, client: HubClient) {
    this.#storage = storage;
    this.#client = client;
  }

  async read(revision: string): Promise<ModelListing | undefined> {
    const saved = await this.#storage.get(this.#address(revision)).catch(() => undefined);
    return saved === undefined ? undefined : readListing(await saved.text());
  }

  /** Where that fails, less is known the next time. */
  async write(revision: string, listing: ModelListing): Promise<void> {
    const content = new Response(formatListing(listing)).body!;
    await this.#storage.put(this.#address(revision), content).catch(() => {});
  }

  #address(revision: string): string {
    const { endpoint, model } = this.#client;
    return `${endpoint}/api/models/${model}/revision/${encodeURIComponent(revision)}`;
  }
}

interface BrowserStoreOptions {
  readonly client: HubClient;
  readonly storage: BrowserStorage;
  readonly commit: string;
  readonly offline: Error | undefined;
  readonly progress: DownloadProgress;
}

class BrowserStore implements HubStore {
  readonly files: BlobSource;
  readonly #blobs = new Map<string, Blob>();
  readonly #options: BrowserStoreOptions;

  constructor(options: BrowserStoreOptions) {
    this.files = new BlobSource(this.#blobs, options.client.model);
    this.#options = options;
  }

  async has(path: string, { size }: ModelFile): Promise<boolean> {
    if (this.#blobs.has(path)) return true;
    const blob = await this.#options.storage.get(this.#address(path)).catch(() => undefined);
    // Where a download broke off, the private file system has an empty file.
    if (blob === undefined || (size === undefined ? blob.size === 0 : blob.size !== size)) return false;
    this.#blobs.set(path, blob);
    return true;
  }

  async fetch(path: string, file: ModelFile): Promise<void> {
    const { client, storage, offline, progress } = this.#options;
    if (offline !== undefined) {
      throw new HubOfflineError(
        client.model,
        `${path} is not in the browser's cache, and cannot be downloaded: ${offline.message}`,
        { subject: path, cause: offline },
      );
    }
    try {
      const blob = await this.#keep(storage, path, file).catch(async (error: unknown) => {
        client.signal?.throwIfAborted();
        if (error instanceof ResumeRefused || error instanceof HubIntegrityError) {
          return await this.#keep(storage, path, file); // from the beginning
        }
        if (error instanceof HubError) throw error;
        return await this.#keep(new NoStorage(), path, file); // no room: it serves without being kept
      });
      this.#blobs.set(path, blob);
    } finally {
      progress.ended(path);
    }
  }

  async available(): Promise<void> {}

  async #keep(storage: BrowserStorage, path: string, file: ModelFile): Promise<Blob> {
    const content = this.#checkedContent(path, file);
    let failure: unknown;
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        try {
          const { done, value } = await content.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          failure = error;
          controller.error(error);
        }
      },
      async cancel() {
        await content.return(undefined);
      },
    });
    try {
      return await storage.put(this.#address(path), stream);
    } catch (error) {
      throw failure ?? error; // browsers put an error of their own in the place of ours
    }
  }

  /** The bytes of a file, which end in an error where they are not those that the hub lists. */
  async *#checkedContent(path: string, file: ModelFile): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
    const { client, commit, progress } = this.#options;
    const digest = startDigest(file);
    let loaded = 0;
    progress.report(path, loaded, file.size);
    for await (const bytes of transfer(client, { commit, path, file, from: 0 })) {
      digest?.update(bytes);
      loaded += bytes.length;
      yield bytes as Uint8Array<ArrayBuffer>;
      progress.report(path, loaded, file.size);
    }
    const found = digest?.finish();
    if (found !== undefined && found !== file.etag) {
      throw new HubIntegrityError(client.model, wrongHash(path, file.etag, found));
    }
  }

  #address(path: string): string {
    const { client, commit } = this.#options;
    return client.endpoint + filePath(client.model, commit, path);
  }
}

function startDigest(file: ModelFile): Digest | undefined {
  const rule = contentHashRule(file);
  if (rule === undefined) return undefined;
  const digest = rule.algorithm === "sha1" ? new Sha1() : new Sha256();
  digest.update(new TextEncoder().encode(rule.prefix));
  return digest;
}
