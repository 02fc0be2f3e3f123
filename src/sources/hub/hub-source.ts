import { ArgumentError, FileError } from "../../errors.ts";
import type { FileSource, RangeReader } from "../../files/file-source.ts";
import { quote } from "../../files/quote.ts";
import { fileNameIn } from "../../files/relative-path.ts";
import { hubPathProblem } from "./hub-path.ts";
import { Limiter } from "./limiter.ts";
import type { ModelFile, ModelListing } from "./listing.ts";
import { isWeights, type ModelPlan, planFolder, planModel } from "./model-plan.ts";
import type { HubModel } from "./options.ts";
import { NoSuchEntryError } from "./status-error.ts";

/** Where the files of one commit are kept. */
export interface HubStore {
  /** Those that are kept. */
  readonly files: FileSource;

  /** Whether all of a file is kept. */
  has(path: string, file: ModelFile): Promise<boolean>;

  /** Fetches a file and keeps it. @throws HubError where that fails or is not allowed. */
  fetch(path: string, file: ModelFile): Promise<void>;

  /** A file is there now, from the hub or since an earlier time. */
  available(path: string): Promise<void>;
}

export interface HubSourceOptions {
  readonly model: string;
  readonly listing: ModelListing;
  readonly store: HubStore;
  readonly offline: Error | undefined;
  readonly signal: AbortSignal | undefined;
  readonly folder: string | undefined;
}

/** As many as huggingface_hub fetches at a time. */
const MOST_DOWNLOADS = 8;

/**
 * A model of the hub as a source of files. A file is fetched when it is opened; the first one brings along
 * those that are read together with it, side by side: settings and vocabularies, or weights.
 */
export class HubSource implements HubModel {
  readonly name: string;
  readonly commit: string;
  readonly offline: Error | undefined;
  readonly folder: string | undefined;
  readonly #listing: ModelListing;
  readonly #store: HubStore;
  readonly #signal: AbortSignal | undefined;
  readonly #limiter = new Limiter(MOST_DOWNLOADS);
  readonly #underWay = new Map<string, Promise<void>>();
  #descriptions: Promise<void> | undefined;
  #weights: Promise<void> | undefined;

  constructor({ model, listing, store, offline, signal, folder }: HubSourceOptions) {
    this.name = model;
    this.commit = listing.commit;
    this.offline = offline;
    this.folder = folder;
    this.#listing = listing;
    this.#store = store;
    this.#signal = signal;
  }

  async exists(path: string): Promise<boolean> {
    this.#signal?.throwIfAborted();
    this.#checkPath(path);
    return this.#listing.files.has(path);
  }

  async isLocal(path: string): Promise<boolean> {
    const file = this.#listing.files.get(path);
    return file !== undefined && (await this.#store.has(path, file));
  }

  async open(path: string): Promise<RangeReader> {
    await this.#ensure(path);
    return await this.#store.files.open(path);
  }

  async read(path: string): Promise<Uint8Array> {
    await this.#ensure(path);
    return await this.#store.files.read(path);
  }

  /** Fetches everything that loading the model asks for. Returns the paths. */
  async fetchAll(): Promise<readonly string[]> {
    this.#signal?.throwIfAborted();
    const { descriptions, weights } = await this.#makePlan();
    // Nobody should wait for gigabytes to hear that a small file is missing.
    for (const paths of [descriptions, weights]) {
      const results = await Promise.allSettled(paths.map((path) => this.#obtain(path)));
      for (const result of results) if (result.status === "rejected") throw result.reason;
    }
    return [...descriptions, ...weights];
  }

  async #ensure(path: string): Promise<void> {
    this.#signal?.throwIfAborted();
    this.#checkPath(path);
    if (!this.#listing.files.has(path)) throw this.#missing(path);
    const wanted = this.#obtain(path);
    if (this.offline === undefined) this.#fetchAlong(path);
    await wanted;
  }

  /** Failures are left to those who ask for the file. */
  #fetchAlong(path: string): void {
    if (isWeights(path)) {
      this.#weights ??= this.#fetchQuietly(({ weights }) => weights);
    } else if (this.#descriptions === undefined) {
      // Nothing in the model's own folder waits for the list of the others.
      for (const own of planFolder(this.#listing, "").descriptions) this.#obtain(own).catch(() => {});
      this.#descriptions = this.#fetchQuietly(({ descriptions }) => descriptions);
    }
  }

  async #fetchQuietly(choose: (plan: ModelPlan) => readonly string[]): Promise<void> {
    const plan = await this.#makePlan().catch(() => planFolder(this.#listing, ""));
    await Promise.allSettled(choose(plan).map((path) => this.#obtain(path)));
  }

  #makePlan(): Promise<ModelPlan> {
    return planModel(this.#listing, (path) => this.#obtained(path));
  }

  async #obtained(path: string): Promise<Uint8Array> {
    await this.#obtain(path);
    return await this.#store.files.read(path);
  }

  /** One download per file, however many ask for it. */
  #obtain(path: string): Promise<void> {
    let underWay = this.#underWay.get(path);
    if (underWay === undefined) {
      underWay = this.#fetchUnlessKept(path).finally(() => this.#underWay.delete(path));
      this.#underWay.set(path, underWay);
    }
    return underWay;
  }

  async #fetchUnlessKept(path: string): Promise<void> {
    const file = this.#listing.files.get(path)!;
    if (!(await this.#store.has(path, file))) {
      await this.#limiter.run(async () => {
        this.#signal?.throwIfAborted();
        await this.#fetch(path, file);
      });
    }
    await this.#store.available(path);
  }

  async #fetch(path: string, file: ModelFile): Promise<void> {
    try {
      await this.#store.fetch(path, file);
    } catch (error) {
      throw error instanceof NoSuchEntryError ? this.#missing(path, { cause: error }) : error;
    }
  }

  #checkPath(path: string): void {
    const problem = hubPathProblem(path);
    if (problem !== undefined) {
      throw new ArgumentError(
        `${this.name}: expected the relative path of a file of the model; ${quote(path)} ${problem}`,
        { code: "path-outside-folder", subject: path },
      );
    }
  }

  #missing(path: string, options?: ErrorOptions): FileError {
    const place =
      this.offline === undefined ? "the model has no such file" : "there is no such file in the cache";
    return new FileError(fileNameIn(this.name, path), `${place} (commit ${this.commit})`, {
      code: "file-not-found",
      ...options,
    });
  }
}
