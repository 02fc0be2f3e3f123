import assert from "node:assert/strict";
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { ArgumentError, FileError } from "../../../src/errors.ts";
import {
  HubConnectionError,
  HubOfflineError,
  HubStorageError,
  RevisionNotFoundError,
} from "../../../src/sources/hub/errors.ts";
import { ModelCache } from "../../../src/sources/hub/model-cache-node.ts";
import { planModel } from "../../../src/sources/hub/model-plan.ts";
import type { DownloadingEvent } from "../../../src/sources/hub/options.ts";
import { RefUpdate } from "../../../src/sources/hub/ref-update-node.ts";
import type { Files } from "../../helpers/hub-server.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { decoded, exchangeFile, files, MODEL, startHub, text, weights } from "./setup.ts";

const needsLinks = { skip: process.platform === "win32" && "links need a right on Windows" };
const needsPermissions = { skip: process.getuid?.() === 0 && "root may write everywhere" };

/** What `git hash-object` and `sha256sum` print. */
const SHA256_OF_WEIGHTS = "c12fb0010fbd782b0ffcb958d34a9cd29f9c42692ff2f8361f3379ddd0790932";
const ID_OF_DENSE_WEIGHTS = "2b4d94a0cb561720ed1cb2e94a9cc668e726dd59";
const ID_OF_CONFIG = "3967ff7fee9d40eb77abadd6a292230496ca9f24";

/** All weights lie in the folders of the routes. */
const router: Files = {
  "modules.json": '[{"path":"","type":"sentence_transformers.models.Router"}]',
  "router_config.json": '{"types":{"query_0_Transformer":"models.Transformer"}}',
  "query_0_Transformer/config.json": '{"model_type":"bert"}',
  "query_0_Transformer/tokenizer.json": '{"model":{}}',
  "query_0_Transformer/model.safetensors": "weights of a route",
};

const asBytes = (content: string | Uint8Array) =>
  typeof content === "string" ? new TextEncoder().encode(content) : content;

// Most of the time the disk is waited for.
describe("models of the hub in Node", { concurrency: 4 }, () => {
  test("the cache is laid out as huggingface_hub lays it out", needsLinks, async (t) => {
    const hub = await startHub(t);
    const { source, folder } = await hub.open();
    await source.fetchAll();

    const snapshot = `snapshots/${hub.commit}`;
    assert.equal(folder, join(hub.folder, snapshot));
    assert.equal(await text(join(hub.folder, "refs/main")), hub.commit);
    assert.equal(await readlink(join(folder, "model.safetensors")), `../../blobs/${SHA256_OF_WEIGHTS}`);
    assert.equal(await readlink(join(folder, "config.json")), `../../blobs/${ID_OF_CONFIG}`);
    const dense = join(folder, "2_Dense/model.safetensors");
    assert.equal(await readlink(dense), `../../../blobs/${ID_OF_DENSE_WEIGHTS}`);
    assert.equal(await text(join(hub.folder, "blobs", ID_OF_CONFIG)), '{"model_type":"bert"}');
    const others = (await hub.cachedPaths()).filter((path) => !path.includes("/blobs/"));
    assert.deepEqual(others, [
      "CACHEDIR.TAG",
      `models--org--tiny/.sentensor/${hub.commit}.json`,
      "models--org--tiny/refs/main",
      `models--org--tiny/${snapshot}/1_Pooling/config.json`,
      `models--org--tiny/${snapshot}/2_Dense/config.json`,
      `models--org--tiny/${snapshot}/2_Dense/model.safetensors`,
      `models--org--tiny/${snapshot}/config.json`,
      `models--org--tiny/${snapshot}/model.safetensors`,
      `models--org--tiny/${snapshot}/modules.json`,
      `models--org--tiny/${snapshot}/tokenizer.json`,
    ]);
    assert.equal((await readdir(join(hub.folder, "blobs"))).length, 7);
  });

  test("a model reads as the files that the hub has", async (t) => {
    const hub = await startHub(t);
    hub.server.redirectsSmallFiles = true;
    const { source } = await hub.open();
    assert.equal(source.name, MODEL);
    assert.equal(source.commit, hub.commit);
    assert.equal(source.offline, undefined);
    for (const [path, content] of Object.entries(files)) {
      assert.ok(await source.exists(path), path);
      const expected = typeof content === "string" ? new TextEncoder().encode(content) : content;
      assert.deepEqual(new Uint8Array(await source.read(path)), expected, path);
    }
    const reader = await source.open("model.safetensors");
    const part = new Uint8Array(5);
    await reader.readInto(part, 100_000);
    await reader.close();
    assert.equal(reader.size, weights.length);
    assert.deepEqual(part, weights.slice(100_000, 100_005));
  });

  test("asking whether files exist costs the listing alone", async (t) => {
    const hub = await startHub(t);
    const { source } = await hub.open();
    assert.ok(await source.exists("model.safetensors"));
    assert.ok(!(await source.exists("model.safetensors.index.json")));
    assert.deepEqual(hub.server.log("hub"), ["GET /api/models/org/tiny/revision/main?blobs=true"]);
  });

  test("only what is asked for is downloaded, together with what is read along with it", async (t) => {
    const hub = await startHub(t);
    const { source } = await hub.open();
    const requested = () =>
      hub.server
        .log("hub")
        .slice(1)
        .map((line) => line.split(`${hub.commit}/`)[1]!);
    await source.read("tokenizer.json");
    await source.read("2_Dense/config.json");
    const descriptions = [
      "1_Pooling/config.json",
      "2_Dense/config.json",
      "config.json",
      "modules.json",
      "tokenizer.json",
    ];
    await source.read("1_Pooling/config.json");
    assert.deepEqual(requested().sort(), descriptions);
    assert.deepEqual(hub.server.log("cdn"), []);

    await source.read("2_Dense/model.safetensors");
    await source.read("model.safetensors");
    assert.deepEqual(
      requested().sort(),
      [...descriptions, "2_Dense/model.safetensors", "model.safetensors"].sort(),
    );
  });

  test("files that do not need each other are fetched side by side", async (t) => {
    const hub = await startHub(t);
    const controller = new AbortController();
    const { source } = await hub.open({ signal: controller.signal });
    hub.server.fail("/config.json", { kind: "stall", after: 3 });
    const stuck = source.read("config.json");
    // These come although the first one never does.
    assert.equal(decoded(await source.read("tokenizer.json")), files["tokenizer.json"]);
    assert.equal(decoded(await source.read("1_Pooling/config.json")), files["1_Pooling/config.json"]);
    controller.abort(new Error("enough"));
    await assert.rejects(stuck, /enough/);
  });

  test("a file that is asked for many times at once is downloaded once", async (t) => {
    const hub = await startHub(t);
    const { source } = await hub.open();
    const reads = await Promise.all(Array.from({ length: 10 }, () => source.read("model.safetensors")));
    for (const read of reads) assert.equal(read.length, weights.length);
    assert.equal(hub.server.requestsFor("tiny/resolve/".concat(hub.commit, "/model.safetensors")).length, 1);
  });

  test("what the cache has is not downloaded again", async (t) => {
    const hub = await startHub(t);
    await (await hub.open()).source.fetchAll();
    const before = hub.server.requests.length;
    const { source } = await hub.open();
    await source.fetchAll();
    assert.equal(hub.server.requests.length, before + 1, "the listing");
  });

  test("a commit whose files are in the cache needs no connection", async (t) => {
    const hub = await startHub(t);
    await (await hub.open({ revision: hub.commit })).source.fetchAll();
    const before = hub.server.requests.length;
    const { source } = await hub.open({ revision: hub.commit });
    assert.equal((await source.fetchAll()).length, 7);
    assert.equal(source.offline, undefined);
    assert.equal(hub.server.requests.length, before);
    assert.deepEqual(
      await readdir(hub.folder),
      [".sentensor", "blobs", "snapshots"],
      "a commit needs no ref",
    );
  });

  test("branches, tags and pull requests have refs of their own, to snapshots that share blobs", async (t) => {
    const hub = await startHub(t);
    const old = hub.server.publish(
      MODEL,
      { ...files, "config.json": '{"model_type":"old"}' },
      {},
      "refs/pr/1",
    );
    await (await hub.open()).source.fetchAll();
    const before = hub.server.log("hub").length;
    const loaded: (number | undefined)[][] = [];
    const progress = (event: DownloadingEvent) => loaded.push([event.loaded, event.total]);
    const { source } = await hub.open({ revision: "refs/pr/1", progress });
    assert.equal(source.commit, old);
    assert.equal(decoded(await source.read("config.json")), '{"model_type":"old"}');
    await source.fetchAll();
    assert.ok(
      loaded.some(([done, total]) => done === weights.length && total === done),
      "what is there, too",
    );
    assert.equal(await text(join(hub.folder, "refs/refs/pr/1")), old);
    assert.equal(await text(join(hub.folder, "refs/main")), hub.commit);
    assert.deepEqual(hub.server.log("hub").slice(before), [
      "GET /api/models/org/tiny/revision/refs%2Fpr%2F1?blobs=true",
      `GET /org/tiny/resolve/${old}/config.json`,
    ]);
  });

  test("a ref moves to a newer version when that is there as far as the old one was", async (t) => {
    const hub = await startHub(t);
    await (await hub.open()).source.fetchAll();
    const newer = hub.server.publish(MODEL, { ...files, "config.json": "{}", "model.safetensors": "new" });
    const ref = () => text(join(hub.folder, "refs/main"));

    const { source } = await hub.open();
    assert.equal(decoded(await source.read("config.json")), "{}");
    await source.read("tokenizer.json");
    assert.equal(await ref(), hub.commit, "the weights are missing");
    await source.fetchAll();
    assert.equal(await ref(), newer);
  });

  test("a ref to a model with routes does not move before their weights are there", async (t) => {
    const hub = await startHub(t);
    const older = hub.server.publish(MODEL, router);
    await (await hub.open()).source.fetchAll();
    const newer = hub.server.publish(MODEL, {
      ...router,
      "router_config.json": `${router["router_config.json"]} `,
      "query_0_Transformer/model.safetensors": "newer weights of a route",
    });
    const ref = () => text(join(hub.folder, "refs/main"));

    const { source } = await hub.open();
    for (const path of Object.keys(router)) {
      assert.equal(await ref(), older, `${path} is missing`);
      await source.read(path);
    }
    assert.equal(await ref(), newer);
  });

  test("a ref waits for files that an update has moved to other folders", async (t) => {
    const hub = await startHub(t, { publish: false });
    const changes: [Files, Files][] = [
      [files, router],
      [router, files],
    ];
    for (const [before, after] of changes) {
      const older = hub.server.publish(MODEL, before);
      await (await hub.open()).source.fetchAll();
      const newer = hub.server.publish(MODEL, after);
      const listing = {
        commit: newer,
        files: new Map(Object.keys(after).map((path) => [path, { size: undefined, etag: undefined }])),
      };
      const cache = new ModelCache({ cacheFolder: hub.cache, model: MODEL, symlinks: true });
      const update = await RefUpdate.prepare(cache, "main", listing);
      const { descriptions, weights } = await planModel(listing, async (path) => asBytes(after[path]!));
      const [first, ...others] = descriptions;
      assert.equal(first, "modules.json");
      for (const path of [first, ...weights, ...others]) {
        assert.equal(await cache.readRef("main"), older, `${path} is missing`);
        await mkdir(dirname(join(cache.snapshot(newer), path)), { recursive: true });
        await writeFile(join(cache.snapshot(newer), path), after[path]!);
        await update.available(path);
      }
      assert.equal(await cache.readRef("main"), newer);
    }
  });

  test("who only has the tokenizer of a model moves on with the tokenizer", async (t) => {
    const hub = await startHub(t);
    await (await hub.open()).source.read("tokenizer.json");
    const newer = hub.server.publish(MODEL, { ...files, "tokenizer.json": '{"model":1}' });
    const { source } = await hub.open();
    await source.read("tokenizer.json");
    await source.fetchAll();
    assert.equal(await text(join(hub.folder, "refs/main")), newer);
  });

  test("who only has the weights of a model moves on with the weights", async (t) => {
    const hub = await startHub(t);
    const readWeights = async () => {
      const { source } = await hub.open();
      await source.read("model.safetensors");
      await source.read("2_Dense/model.safetensors");
    };
    await readWeights();
    const newer = hub.server.publish(MODEL, { ...files, "config.json": "{}" });
    await readWeights();
    assert.equal(await text(join(hub.folder, "refs/main")), newer);
  });

  test("no more than eight files are fetched at a time", async (t) => {
    const hub = await startHub(t);
    const modules = Array.from({ length: 30 }, (_, i) => `${i}_Dense`);
    const many = Object.fromEntries(
      modules.map((folder) => [`${folder}/config.json`, `{"folder":"${folder}"}`]),
    );
    hub.server.publish(MODEL, { ...many, "modules.json": JSON.stringify(modules.map((path) => ({ path }))) });
    let running = 0;
    let most = 0;
    const counting: typeof fetch = async (input, init) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      return await fetch(input, init).finally(() => running--);
    };
    const { source } = await hub.open({ fetch: counting });
    assert.equal((await source.fetchAll()).length, 31);
    assert.ok(most > 1 && most <= 8, String(most));
  });

  test("with downloads switched off the cache serves alone", async (t) => {
    const hub = await startHub(t);
    await (await hub.open()).source.fetchAll();
    const before = hub.server.requests.length;
    for (const [options, environment] of [
      [{ localFilesOnly: true }, {}],
      [{}, { HF_HUB_OFFLINE: "1" }],
      [{}, { TRANSFORMERS_OFFLINE: "true" }],
    ] as const) {
      const { source } = await hub.open(options, environment);
      assert.match(source.offline?.message ?? "", /switched off/);
      assert.equal((await source.read("model.safetensors")).length, weights.length);
      // Known from the listing, although it is not there.
      assert.ok(await source.exists("README.md"));
      await assert.rejects(source.read("README.md"), (error: Error) => {
        assert.ok(error instanceof HubOfflineError);
        assert.match(
          error.message,
          /^org\/tiny: README\.md is not in the cache \(.*snapshots.*\), and cannot/,
        );
        return true;
      });
    }
    assert.equal(hub.server.requests.length, before);
  });

  test("with downloads switched off and nothing in the cache, the error names the model and the cache", async (t) => {
    const hub = await startHub(t);
    await assert.rejects(hub.open({ localFilesOnly: true, revision: "v1" }), (error: Error) => {
      assert.ok(error instanceof HubOfflineError);
      return (
        error.message.includes('org/tiny: revision "v1" is not in the cache') &&
        error.message.includes(hub.cache)
      );
    });
    assert.deepEqual(hub.server.requests, []);
    assert.deepEqual(await readdir(hub.cache), []);
  });

  test("a hub that cannot be reached leaves the cache, at once", async (t) => {
    const hub = await startHub(t);
    await (await hub.open()).source.fetchAll();
    await hub.server.close();
    const { source } = await hub.open();
    assert.ok(source.offline instanceof HubConnectionError);
    assert.equal((await source.read("model.safetensors")).length, weights.length);
    assert.deepEqual(hub.timing.waits, []);
  });

  test("so does one that has a model with routes, all of which are in the cache", async (t) => {
    const hub = await startHub(t);
    for (const names of [{}, { "router_config.json": "{}", "config.json": router["router_config.json"]! }]) {
      hub.server.publish(MODEL, { ...router, ...names });
      const all = await (await hub.open()).source.fetchAll();
      assert.deepEqual([...all].sort(), Object.keys({ ...router, ...names }).sort());
    }
    await hub.server.close();
    const { source } = await hub.open();
    assert.ok(source.offline instanceof HubConnectionError);
    assert.equal(decoded(await source.read("query_0_Transformer/model.safetensors")), "weights of a route");
    assert.deepEqual(hub.timing.waits, []);
  });

  test("so does a hub that is out of order, or knows the model no longer", async (t) => {
    const hub = await startHub(t);
    await (await hub.open()).source.fetchAll();
    for (const [status, code] of [
      [503, ""],
      [401, "RepoNotFound"],
      [403, "GatedRepo"],
    ] as const) {
      hub.server.fail("/api/models", { kind: "status", status, headers: { "x-error-code": code } });
      const { source } = await hub.open();
      assert.ok(source.offline !== undefined);
      await source.read("model.safetensors");
    }
  });

  test("a revision that is gone is an error, even where the cache has it", async (t) => {
    const hub = await startHub(t);
    hub.server.publish(MODEL, files, {}, "dev");
    await (await hub.open({ revision: "dev" })).source.fetchAll();
    hub.server.fail("/revision/dev", {
      kind: "status",
      status: 404,
      headers: { "x-error-code": "RevisionNotFound" },
    });
    await assert.rejects(hub.open({ revision: "dev" }), RevisionNotFoundError);
  });

  test("a hub that cannot be reached, and an empty cache: an error after some patience", async (t) => {
    const hub = await startHub(t);
    await hub.server.close();
    await assert.rejects(hub.open(), (error: Error) => {
      assert.ok(error instanceof HubConnectionError);
      return /^org\/tiny: the connection to 127\.0\.0\.1:\d+ failed: ECONNREFUSED/.test(error.message);
    });
    assert.deepEqual(hub.timing.waits, [500, 1000, 2000, 4000]);
  });

  test("a name that cannot be looked up is not asked for again", async (t) => {
    const hub = await startHub(t);
    const refuse = Object.assign(new Error("getaddrinfo ENOTFOUND hub"), { code: "ENOTFOUND" });
    const lost = () => Promise.reject(new TypeError("fetch failed", { cause: refuse }));
    await assert.rejects(hub.open({ fetch: lost }), /ENOTFOUND/);
    assert.deepEqual(hub.timing.waits, []);
  });

  test("a snapshot that an earlier run left incomplete does not pass for the model", async (t) => {
    const hub = await startHub(t);
    const first = (await hub.open()).source;
    const descriptions = Object.keys(files).filter((path) => /(config|modules|tokenizer)\.json$/.test(path));
    for (const path of descriptions) await first.read(path);
    await hub.server.close();
    const { source } = await hub.open();
    assert.equal(hub.timing.waits.length, 4, "it was worth some patience");
    assert.equal(decoded(await source.read("config.json")), files["config.json"]);
    assert.ok(await source.exists("model.safetensors"));
    await assert.rejects(source.open("model.safetensors"), (error: Error) => {
      assert.ok(error instanceof HubOfflineError);
      return /model\.safetensors is not in the cache .* ECONNREFUSED/.test(error.message);
    });
  });

  test("a cache that huggingface_hub filled serves without a connection", async (t) => {
    const hub = await startHub(t, { publish: false });
    const commit = "0123456789abcdef0123456789abcdef01234567";
    const snapshot = join(hub.folder, "snapshots", commit);
    for (const folder of ["refs", "blobs", `.no_exist/${commit}`, `snapshots/${commit}/1_Pooling`]) {
      await mkdir(join(hub.folder, folder), { recursive: true });
    }
    await mkdir(join(hub.cache, ".locks/models--org--tiny"), { recursive: true });
    await writeFile(join(hub.cache, ".locks/models--org--tiny/aaaa.lock"), "");
    await writeFile(join(hub.folder, ".no_exist", commit, "adapter_config.json"), "");
    await writeFile(join(hub.folder, "refs/main"), commit);
    await writeFile(join(hub.folder, "blobs/aaaa"), "{}");
    await writeFile(join(snapshot, "model.safetensors"), weights);
    if (process.platform === "win32") {
      await writeFile(join(snapshot, "1_Pooling/config.json"), "{}");
    } else {
      await symlink("../../../blobs/aaaa", join(snapshot, "1_Pooling/config.json"));
    }
    const { source } = await hub.open({ localFilesOnly: true });
    assert.equal(source.commit, commit);
    assert.equal(decoded(await source.read("1_Pooling/config.json")), "{}");
    assert.equal((await source.read("model.safetensors")).length, weights.length);
    assert.ok(!(await source.exists("adapter_config.json")));
    await assert.rejects(source.read("config.json"), (error: Error) => {
      assert.ok(error instanceof FileError);
      return error.message.startsWith("org/tiny/config.json: there is no such file in the cache");
    });
  });

  test("a cache of another program that has no weights does not pass for the model", async (t) => {
    const hub = await startHub(t, { publish: false });
    const commit = "0123456789abcdef0123456789abcdef01234567";
    await mkdir(join(hub.folder, "refs"), { recursive: true });
    await mkdir(join(hub.folder, "snapshots", commit), { recursive: true });
    await writeFile(join(hub.folder, "refs/main"), commit);
    await writeFile(join(hub.folder, "snapshots", commit, "config.json"), "{}");
    await hub.server.close();
    const { source } = await hub.open();
    assert.equal(hub.timing.waits.length, 4, "it was worth some patience");
    assert.equal(decoded(await source.read("config.json")), "{}");
  });

  test("a file of the wrong size, or a link to nothing, is downloaded again", async (t) => {
    const hub = await startHub(t);
    const { source, folder } = await hub.open();
    await source.fetchAll();
    await truncate(join(folder, "model.safetensors"), 1000);
    await rm(join(hub.folder, "blobs", ID_OF_CONFIG), { force: true });
    await rm(join(folder, "tokenizer.json"));

    const again = (await hub.open()).source;
    assert.deepEqual(new Uint8Array(await again.read("model.safetensors")), weights);
    assert.equal(decoded(await again.read("config.json")), files["config.json"]);
    assert.equal(decoded(await again.read("tokenizer.json")), files["tokenizer.json"]);
  });

  test("without links the snapshot has the files themselves, once", async (t) => {
    const hub = await startHub(t);
    const { source, folder } = await hub.open({}, { HF_HUB_DISABLE_SYMLINKS: "1" });
    await source.fetchAll();
    for (const path of ["config.json", "2_Dense/model.safetensors", "model.safetensors"]) {
      assert.ok((await lstat(join(folder, path))).isFile(), path);
    }
    assert.deepEqual(await readdir(join(hub.folder, "blobs")), []);
    const before = hub.server.requests.length;
    await (await hub.open({}, { HF_HUB_DISABLE_SYMLINKS: "1" })).source.fetchAll();
    assert.equal(hub.server.requests.length, before + 1);
  });

  test("where links turn out not to work, blobs are moved, or copied if others may need them", async (t) => {
    const cacheFolder = await temporaryFolder(t);
    for (const code of ["EPERM", "ENOTSUP", "UNKNOWN"]) {
      const link = () => Promise.reject(Object.assign(new Error(code), { code }));
      const cache = new ModelCache({ cacheFolder, model: `org/${code}`, symlinks: true, link });
      await cache.prepare();
      await writeFile(cache.blob("aaaa"), "content");
      await cache.place("c0", "a/copy.txt", "aaaa", false);
      assert.equal(await text(cache.blob("aaaa")), "content");
      await cache.place("c0", "moved.txt", "aaaa", true);
      await assert.rejects(stat(cache.blob("aaaa")));
      assert.equal(await text(join(cache.snapshot("c0"), "a/copy.txt")), "content");
      assert.equal(await text(join(cache.snapshot("c0"), "moved.txt")), "content");
    }
    const link = () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
    const cache = new ModelCache({ cacheFolder, model: "org/full", symlinks: true, link });
    await assert.rejects(cache.place("c0", "a.txt", "aaaa", true), HubStorageError);
  });

  test("a link that leads elsewhere is replaced, one that leads there is left", needsLinks, async (t) => {
    const cache = new ModelCache({
      cacheFolder: await temporaryFolder(t),
      model: "org/tiny",
      symlinks: true,
    });
    await cache.prepare();
    await writeFile(cache.blob("aaaa"), "content");
    const file = join(cache.snapshot("c0"), "a.txt");
    await mkdir(cache.snapshot("c0"), { recursive: true });
    await symlink("../../blobs/bbbb", file);
    await cache.place("c0", "a.txt", "aaaa", true);
    assert.equal(await readlink(file), "../../blobs/aaaa");
    const { ino } = await lstat(file);
    await cache.place("c0", "a.txt", "aaaa", true);
    assert.equal((await lstat(file)).ino, ino);
    assert.deepEqual(await readdir(cache.snapshot("c0")), ["a.txt"], "nothing temporary is left");
  });

  test(
    "a cache that cannot be written serves what it has, and says so of the rest",
    needsPermissions,
    async (t) => {
      const hub = await startHub(t);
      await (await hub.open()).source.read("config.json");
      const newer = hub.server.publish(MODEL, files, {}, "v2");
      assert.equal(newer, hub.commit, "the same files");
      const folders = ["", "refs", "blobs", ".sentensor", `snapshots/${hub.commit}`];
      const setMode = async (mode: number) => {
        for (const folder of folders) await chmod(join(hub.folder, folder), mode);
      };
      await setMode(0o555);
      try {
        const { source } = await hub.open({ revision: "v2" });
        assert.equal(decoded(await source.read("config.json")), files["config.json"]);
        await assert.rejects(source.read("model.safetensors"), (error: Error) => {
          assert.ok(error instanceof HubStorageError);
          return error.message.includes("no permission to write here");
        });
      } finally {
        await setMode(0o755);
      }
    },
  );

  test("a path that is none, and a file that the model has not, are errors of their own", async (t) => {
    const hub = await startHub(t);
    const { source } = await hub.open();
    for (const path of [
      "../config.json",
      "/etc/passwd",
      "a\\b",
      "C:/x",
      "a\0",
      "nul",
      "1_Pooling/../config.json",
    ]) {
      await assert.rejects(source.exists(path), ArgumentError, path);
      await assert.rejects(source.open(path), ArgumentError, path);
      await assert.rejects(source.read(path), ArgumentError, path);
    }
    await assert.rejects(source.open("onnx/model.onnx"), (error: Error) => {
      assert.ok(error instanceof FileError);
      return error.message.startsWith("org/tiny/onnx/model.onnx: the model has no such file (commit ");
    });
    assert.equal(hub.server.requests.length, 1);
  });

  test("a ref that holds no commit counts as none", async (t) => {
    const hub = await startHub(t);
    await (await hub.open()).source.fetchAll();
    for (const ref of ["../../../elsewhere", "main", "", "0".repeat(39), "G".repeat(40)]) {
      await exchangeFile(join(hub.folder, "refs/main"), ref);
      await assert.rejects(hub.open({ localFilesOnly: true }), HubOfflineError, ref);
    }
    await exchangeFile(join(hub.folder, "refs/main"), `${hub.commit}\n`);
    await hub.open({ localFilesOnly: true });
  });

  test("a saved listing that is broken counts as none", async (t) => {
    const hub = await startHub(t);
    await (await hub.open()).source.fetchAll();
    const file = join(hub.folder, ".sentensor", `${hub.commit}.json`);
    const entry = { size: 1, etag: null };
    const broken = [
      "",
      "{",
      "null",
      "[]",
      '{"version":2}',
      '{"version":1,"commit":"../x","files":{}}',
      JSON.stringify({ version: 1, commit: "a".repeat(40), files: {} }),
      JSON.stringify({ version: 1, commit: hub.commit, files: 7 }),
      JSON.stringify({ version: 1, commit: hub.commit, files: { "../x": entry } }),
    ];
    for (const content of broken) {
      await exchangeFile(file, content);
      const { source } = await hub.open({ localFilesOnly: true });
      assert.ok(!(await source.exists("README.md")), "only known from the listing");
      assert.ok(await source.exists("config.json"));
    }
  });

  test("a hub that lists only names is asked about each file first", async (t) => {
    const hub = await startHub(t);
    hub.server.listsMetadata = false;
    const { source } = await hub.open();
    await source.fetchAll();
    assert.ok(hub.server.log("hub").includes(`HEAD /org/tiny/resolve/${hub.commit}/model.safetensors`));
    const blobs = await readdir(join(hub.folder, "blobs"));
    if (process.platform !== "win32")
      assert.ok(blobs.includes(SHA256_OF_WEIGHTS) && blobs.includes(ID_OF_CONFIG));
    assert.deepEqual(new Uint8Array(await source.read("model.safetensors")), weights);
  });

  test("a model that was renamed is found under its old name", async (t) => {
    const hub = await startHub(t);
    hub.server.publish("new/name", files);
    const location = "/api/models/new/name/revision/main?blobs=true";
    hub.server.fail("/api/models/org/tiny", { kind: "status", status: 307, headers: { location } });
    const { source } = await hub.open();
    assert.ok(await source.exists("config.json"));
  });

  test("the progress of each file is reported, to its end", async (t) => {
    const hub = await startHub(t);
    const events: DownloadingEvent[] = [];
    const { source } = await hub.open({ progress: (event) => events.push(event) });
    await source.fetchAll();
    for (const path of await source.fetchAll()) {
      const own = events.filter(({ file }) => file === path);
      const total = (files[path] as string | Uint8Array).length;
      assert.deepEqual(own[0], { status: "downloading", file: path, loaded: 0, total });
      assert.deepEqual(own.at(-1), { status: "downloading", file: path, loaded: total, total });
      assert.ok(
        own.every(({ loaded }, i) => i === 0 || loaded >= own[i - 1]!.loaded),
        "never backwards",
      );
    }
  });

  test("a raised signal ends everything with its own reason", async (t) => {
    const hub = await startHub(t);
    const reason = new Error("enough");
    await assert.rejects(hub.open({ signal: AbortSignal.abort(reason) }), reason);
    assert.deepEqual(hub.server.requests, []);

    const controller = new AbortController();
    const { source } = await hub.open({ signal: controller.signal });
    hub.server.fail("cdn GET", { kind: "stall", after: 1000 });
    const reading = source.read("model.safetensors");
    while (hub.server.log("cdn").length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    controller.abort(reason);
    await assert.rejects(reading, reason);
    for (const call of [source.exists("config.json"), source.open("config.json"), source.fetchAll()]) {
      await assert.rejects(call, reason);
    }
    hub.server.fail("/api/models", { kind: "stall", after: -1 });
    const other = new AbortController();
    const opening = hub.open({ signal: other.signal });
    setTimeout(() => other.abort(reason), 20);
    await assert.rejects(opening, reason, "and not the cached snapshot");
  });
});
