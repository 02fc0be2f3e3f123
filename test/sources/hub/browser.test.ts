/** The hub in browsers, whose storages are played by small ones in memory that keep their rules. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { ArgumentError, UnsupportedError } from "../../../src/errors.ts";
import type { BrowserSurroundings } from "../../../src/sources/hub/browser-storage.ts";
import {
  HubConnectionError,
  HubIntegrityError,
  HubOfflineError,
  HubResponseError,
  ModelNotFoundError,
  RevisionNotFoundError,
} from "../../../src/sources/hub/errors.ts";
import { openBrowserModel } from "../../../src/sources/hub/open-browser.ts";
import type { DownloadingEvent, HubOptions } from "../../../src/sources/hub/options.ts";
import { Sha1, Sha256 } from "../../../src/sources/hub/sha.ts";
import { HubServer } from "../../helpers/hub-server.ts";
import { decoded, files, MODEL, RecordedTiming, weights } from "./setup.ts";

/** https://w3c.github.io/ServiceWorker/#cache-put: the body is read first, and a body that fails leaves nothing. */
class MemoryCaches {
  readonly entries = new Map<string, Blob>();
  full = false;

  async open() {
    return {
      match: async (address: string) => {
        const blob = this.entries.get(address);
        return blob && new Response(blob);
      },
      put: async (address: string, response: Response) => {
        const blob = await response.blob().catch(() => {
          throw new TypeError("Failed to execute 'put' on 'Cache'"); // browsers do not say why
        });
        if (this.full) throw new DOMException("no room", "QuotaExceededError");
        this.entries.set(address, blob);
      },
    };
  }
}

/** https://fs.spec.whatwg.org: a file takes its content when its writable stream is closed. */
class MemoryFolder {
  readonly folders = new Map<string, MemoryFolder>();
  readonly files = new Map<string, Blob>();

  async getDirectoryHandle(name: string, { create = false } = {}): Promise<MemoryFolder> {
    this.#checkName(name);
    const folder = this.folders.get(name) ?? (create ? new MemoryFolder() : undefined);
    if (folder === undefined) throw new DOMException(name, "NotFoundError");
    this.folders.set(name, folder);
    return folder;
  }

  async getFileHandle(name: string, { create = false } = {}) {
    this.#checkName(name);
    if (!this.files.has(name)) {
      if (!create) throw new DOMException(name, "NotFoundError");
      this.files.set(name, new Blob());
    }
    return {
      getFile: async () => this.files.get(name),
      createWritable: async () => {
        const parts: Uint8Array<ArrayBuffer>[] = [];
        return new WritableStream<Uint8Array<ArrayBuffer>>({
          write: (part) => void parts.push(part),
          close: () => void this.files.set(name, new Blob(parts)),
        });
      },
    };
  }

  #checkName(name: string): void {
    if (name === "" || name === "." || name === ".." || /[/\\]/.test(name)) throw new TypeError(name);
  }
}

const surroundings = {
  caches: () => ({ caches: new MemoryCaches() as unknown as CacheStorage }),
  privateFiles: () => {
    const root = new MemoryFolder();
    return { storage: { getDirectory: async () => root as unknown as FileSystemDirectoryHandle } };
  },
  nothing: () => ({}),
  refusals: () => ({
    caches: {
      open: () => Promise.reject(new DOMException("private", "SecurityError")),
    } as unknown as CacheStorage,
    storage: { getDirectory: () => Promise.reject(new DOMException("private", "SecurityError")) },
  }),
} satisfies Record<string, () => BrowserSurroundings>;

interface Page {
  readonly server: HubServer;
  readonly timing: RecordedTiming;
  readonly commit: string;
  readonly open: (options?: HubOptions) => ReturnType<typeof openBrowserModel>;
}

async function openPage(t: TestContext, browser: BrowserSurroundings): Promise<Page> {
  const server = await HubServer.start();
  t.after(() => server.close());
  const commit = server.publish(MODEL, files);
  const timing = new RecordedTiming();
  const open = (options: HubOptions = {}) =>
    openBrowserModel(MODEL, { endpoint: server.url, ...options }, { ...browser, timing });
  return { server, timing, commit, open };
}

for (const [kind, create] of Object.entries(surroundings)) {
  test(`a model reads as the files that the hub has (${kind})`, async (t) => {
    const { open, commit, server } = await openPage(t, create());
    const model = await open();
    assert.equal(model.name, MODEL);
    assert.equal(model.commit, commit);
    for (const [path, content] of Object.entries(files)) {
      assert.ok(await model.exists(path));
      const expected = typeof content === "string" ? new TextEncoder().encode(content) : content;
      assert.deepEqual(await model.read(path), expected, path);
    }
    const reader = await model.open("model.safetensors");
    const part = new Uint8Array(5);
    await reader.readInto(part, 200_000);
    assert.deepEqual(part, weights.slice(200_000, 200_005));
    assert.equal(server.requestsFor(`${commit}/model.safetensors`).length, 1);
  });
}

for (const kind of ["caches", "privateFiles"] as const) {
  test(`what was downloaded once is there the next time, also without a connection (${kind})`, async (t) => {
    const page = await openPage(t, surroundings[kind]());
    const first = await page.open();
    for (const path of Object.keys(files)) if (path !== "README.md") await first.read(path);
    const before = page.server.requests.length;
    assert.equal((await (await page.open()).read("model.safetensors")).length, weights.length);
    assert.deepEqual(
      page.server.log("hub").length + page.server.log("cdn").length,
      before + 1,
      "the listing",
    );

    for (const options of [{ localFilesOnly: true }, {}]) {
      if (options.localFilesOnly === undefined) await page.server.close();
      const offline = await page.open(options);
      assert.ok(offline.offline !== undefined);
      assert.equal(decoded(await offline.read("config.json")), files["config.json"]);
      await assert.rejects(offline.read("README.md"), (error: Error) => {
        assert.ok(error instanceof HubOfflineError);
        return /README\.md is not in the browser's cache/.test(error.message);
      });
    }
    assert.deepEqual(page.timing.waits, []);
  });

  test(`a broken download leaves nothing behind (${kind})`, async (t) => {
    const page = await openPage(t, surroundings[kind]());
    const model = await page.open();
    const other = Uint8Array.from(weights, (byte, i) => (i === 299_999 ? byte ^ 1 : byte));
    page.server.fail("cdn GET", { kind: "body", body: other }, { kind: "body", body: other });
    await assert.rejects(model.read("model.safetensors"), HubIntegrityError);
    page.server.fail(
      `${page.commit}/vocab.txt`,
      { kind: "body", body: "[UNK]\n" },
      { kind: "body", body: "[SEP]\n" },
    );
    await assert.rejects(model.read("vocab.txt"), HubIntegrityError);

    const offline = await page.open({ localFilesOnly: true });
    await assert.rejects(offline.read("model.safetensors"), HubOfflineError);
    await assert.rejects(offline.read("vocab.txt"), HubOfflineError);
    assert.deepEqual(await model.read("model.safetensors"), weights);
  });
}

test("a connection that breaks is taken up where it broke", async (t) => {
  const page = await openPage(t, surroundings.caches());
  page.server.fail("cdn GET", { kind: "cut", after: 100_000 }, { kind: "cut", after: 50_000 });
  assert.deepEqual(await (await page.open()).read("model.safetensors"), weights);
  const cdn = page.server.requests.filter(({ server }) => server === "cdn");
  assert.equal(cdn.length, 3);
  assert.match(cdn[1]?.headers.range ?? "", /^bytes=\d+-$/);
});

test("a server that cannot continue a file sends it from the beginning", async (t) => {
  const page = await openPage(t, surroundings.caches());
  page.server.fail("cdn GET", { kind: "cut", after: 100_000 }, { kind: "no ranges" });
  assert.deepEqual(await (await page.open()).read("model.safetensors"), weights);
});

test("a file of the wrong size in the browser's cache is downloaded again", async (t) => {
  const caches = new MemoryCaches();
  const page = await openPage(t, { caches: caches as unknown as CacheStorage });
  await (await page.open()).read("config.json");
  const address = `${page.server.url}/org/tiny/resolve/${page.commit}/config.json`;
  assert.ok(caches.entries.has(address));
  caches.entries.set(address, new Blob(["{}"]));
  assert.equal(decoded(await (await page.open()).read("config.json")), files["config.json"]);
});

test("what a download that broke off left in the private file system does not pass for a file", async (t) => {
  const page = await openPage(t, surroundings.privateFiles());
  page.server.listsMetadata = false;
  const cut = Array.from({ length: 5 }, () => ({ kind: "reset" }) as const);
  const model = await page.open();
  page.server.fail(`${page.commit}/README.md`, ...cut);
  await assert.rejects(model.read("README.md"), HubConnectionError);
  const again = await page.open();
  assert.equal(decoded(await again.read("README.md")), files["README.md"]);
});

test("without room a file serves all the same", async (t) => {
  const caches = new MemoryCaches();
  const page = await openPage(t, { caches: caches as unknown as CacheStorage });
  caches.full = true;
  const model = await page.open();
  assert.deepEqual(await model.read("model.safetensors"), weights);
  assert.deepEqual(await model.read("model.safetensors"), weights);
  assert.equal(caches.entries.size, 0);
  assert.equal(page.server.log("cdn").length, 2, "once for the cache, once without");
});

test("the token is a header, and nothing else is out of the ordinary", async (t) => {
  const page = await openPage(t, surroundings.caches());
  await (await page.open({ token: "hf_secret" })).read("config.json");
  const [listing] = page.server.requests;
  assert.equal(listing?.headers.authorization, "Bearer hf_secret");
  assert.notEqual(
    listing?.headers["user-agent"],
    "sentensor",
    "a header that servers have to be asked about",
  );
  await (await page.open({ token: false })).read("README.md");
  const [plain] = page.server.requestsFor(`${page.commit}/README.md`);
  assert.equal(plain?.headers.authorization, undefined);
});

test("errors are those of every other runtime", async (t) => {
  const page = await openPage(t, surroundings.caches());
  const other = (name: string) =>
    openBrowserModel(name, { endpoint: page.server.url }, { ...surroundings.nothing(), timing: page.timing });
  await assert.rejects(other("org/other"), ModelNotFoundError);
  await assert.rejects(page.open({ revision: "v9" }), RevisionNotFoundError);
  await assert.rejects(page.open({ localFilesOnly: true }), HubOfflineError);
  await assert.rejects(page.open({ revision: "../main" }), ArgumentError);
  await assert.rejects(page.open({ token: true }), ArgumentError);
  await assert.rejects(page.open({ cacheFolder: "models" }), UnsupportedError);
  await assert.rejects(page.open({ signal: AbortSignal.abort(new Error("enough")) }), /enough/);
  await assert.rejects((await page.open()).read("../config.json"), ArgumentError);
  page.server.fail("cdn GET", { kind: "status", status: 403 });
  await assert.rejects((await page.open()).read("model.safetensors"), HubResponseError);
  await page.server.close();
  await assert.rejects(page.open({ revision: "v8" }), HubConnectionError);
});

test("progress is reported, and a raised signal ends the download", async (t) => {
  const page = await openPage(t, surroundings.caches());
  const events: DownloadingEvent[] = [];
  await (await page.open({ progress: (event) => events.push(event) })).read("vocab.txt");
  const own = events.filter(({ file }) => file === "vocab.txt").map(({ loaded, total }) => [loaded, total]);
  assert.deepEqual(own, [
    [0, 6],
    [6, 6],
  ]);

  const controller = new AbortController();
  const model = await page.open({ signal: controller.signal });
  page.server.fail("cdn GET", { kind: "stall", after: 1000 });
  const reading = model.read("model.safetensors");
  while (page.server.log("cdn").length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  controller.abort(new Error("enough"));
  await assert.rejects(reading, /enough/);
});

test("SHA-1 and SHA-256 are those of node:crypto, in whatever pieces the bytes come", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 });
  fc.assert(
    fc.property(pieces, (given) => {
      for (const [name, digest] of [
        ["sha1", new Sha1()],
        ["sha256", new Sha256()],
      ] as const) {
        const expected = createHash(name);
        for (const piece of given) {
          digest.update(piece);
          expected.update(piece);
        }
        assert.equal(digest.finish(), expected.digest("hex"));
      }
    }),
  );
  // All lengths around the end of a block, and enough blocks to carry.
  for (let length = 0; length < 200; length++) {
    const bytes = new Uint8Array(length).fill(length);
    const digest = new Sha256();
    digest.update(bytes);
    assert.equal(digest.finish(), createHash("sha256").update(bytes).digest("hex"));
  }
  const digest = new Sha1();
  digest.update(weights);
  assert.equal(digest.finish(), createHash("sha1").update(weights).digest("hex"));
});
