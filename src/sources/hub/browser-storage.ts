/** Where a browser keeps downloaded files, by their address. */
export interface BrowserStorage {
  /** undefined: it is not there. */
  get(address: string): Promise<Blob | undefined>;

  /** Keeps what `content` yields, all of it or, where it fails, nothing. */
  put(address: string, content: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Blob>;
}

/** What browsers offer; tests bring their own. */
export interface BrowserSurroundings {
  readonly caches?: CacheStorage | undefined;
  readonly storage?: Pick<StorageManager, "getDirectory"> | undefined;
}

const NAME = "sentensor";

/**
 * The Cache API; where that is not allowed (pages that came by plain http, private windows of some browsers)
 * the origin's private file system; else files stay in memory as long as the model's source does.
 */
export async function openBrowserStorage({ caches, storage }: BrowserSurroundings): Promise<BrowserStorage> {
  try {
    if (caches !== undefined) return new CacheApiStorage(await caches.open(NAME));
  } catch {
    // Not allowed here: the next one.
  }
  try {
    if (storage?.getDirectory !== undefined) {
      const root = await storage.getDirectory();
      return new PrivateFileStorage(await root.getDirectoryHandle(NAME, { create: true }));
    }
  } catch {
    // Not allowed here: the next one.
  }
  return new NoStorage();
}

class CacheApiStorage implements BrowserStorage {
  readonly #cache: Cache;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  async get(address: string): Promise<Blob | undefined> {
    return await (await this.#cache.match(address))?.blob();
  }

  /** `put` of the Cache API rejects where the body fails, and keeps nothing then. */
  async put(address: string, content: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Blob> {
    await this.#cache.put(address, new Response(content));
    const blob = await this.get(address);
    if (blob === undefined) throw new Error("the browser's cache lost what was just put into it");
    return blob;
  }
}

class PrivateFileStorage implements BrowserStorage {
  readonly #root: FileSystemDirectoryHandle;

  constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  async get(address: string): Promise<Blob | undefined> {
    try {
      const { folder, name } = await this.#locate(address, false);
      return await (await folder.getFileHandle(name)).getFile();
    } catch (error) {
      if ((error as { readonly name?: unknown }).name === "NotFoundError") return undefined;
      throw error;
    }
  }

  /** What is written takes the file's place when the stream is closed, not before. */
  async put(address: string, content: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Blob> {
    const { folder, name } = await this.#locate(address, true);
    const file = await folder.getFileHandle(name, { create: true });
    await content.pipeTo(await file.createWritable());
    return await file.getFile();
  }

  async #locate(address: string, create: boolean) {
    const { host, pathname } = new URL(address);
    const parts = [host.replace(":", "_"), ...pathname.split("/").filter((part) => part !== "")];
    let folder = this.#root;
    for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create });
    return { folder, name: parts.at(-1)! };
  }
}

export class NoStorage implements BrowserStorage {
  async get(): Promise<Blob | undefined> {
    return undefined;
  }

  async put(_address: string, content: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Blob> {
    return await new Response(content).blob();
  }
}
