/** How `load` and `fromPretrained` find a model by what the user calls it. */
import assert from "node:assert/strict";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  AutoModel,
  AutoTokenizer,
  type DownloadingEvent,
  FileError,
  HubOfflineError,
  type LoadingEvent,
  ModelNotFoundError,
  RevisionNotFoundError,
  SentenceTransformer,
  Transformer,
} from "../../src/index.ts";
import { openModelPlace } from "../../src/sources/model-source.ts";
import { reopenModel } from "../../src/sources/reopen-model.ts";
import { checkPlacement } from "../../src/tensor/placement.ts";
import { EncodingPool } from "../../src/workers/encoding-pool.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { type Files, HubServer } from "../helpers/hub-server.ts";
import { filesOfFixture } from "../helpers/model-files.ts";
import { makeTemporaryFolder, removeFolder } from "../helpers/temporary-folder.ts";

const TEXT = "the river";
const files: Files = filesOfFixture("bert-mean");

let server: HubServer;
let cacheFolder: string;
let expected: Float32Array;
before(async () => {
  const model = await SentenceTransformer.load(modelFolder("bert-mean"));
  expected = await model.encode(TEXT);
  await model.dispose();
});
beforeEach(async () => {
  server = await HubServer.start();
  cacheFolder = await makeTemporaryFolder();
});
afterEach(async () => {
  await server.close();
  await removeFolder(cacheFolder);
});

const workingDirectory = process.cwd();
after(() => process.chdir(workingDirectory));

function options() {
  return { endpoint: server.url, cacheFolder, token: false } as const;
}

async function embed(name: string, others: Parameters<typeof SentenceTransformer.load>[1] = {}) {
  const model = await SentenceTransformer.load(name, { ...options(), ...others });
  try {
    return await model.encode(TEXT);
  } finally {
    await model.dispose();
  }
}

test("a model of the hub is downloaded, told about, kept, and found again without a connection", async () => {
  server.publish("org/tiny", files);
  const events: (DownloadingEvent | LoadingEvent)[] = [];
  const progress = (event: DownloadingEvent | LoadingEvent) => void events.push(event);
  assert.deepEqual(await embed("org/tiny", { progress }), expected);

  const weights = events.filter(({ file }) => file === "model.safetensors");
  assert.ok(weights.length > 0);
  assert.ok(weights.every(({ status }) => status === "downloading"));
  assert.equal(weights.at(-1)!.loaded, files["model.safetensors"]!.length);
  assert.equal(weights.at(-1)!.total, files["model.safetensors"]!.length);
  const loading = events.filter(({ status }) => status === "loading");
  assert.equal(events.at(-1), loading.at(-1), "loading ends last");
  assert.equal(loading.at(-1)!.loaded, loading.at(-1)!.total);

  const requests = server.requests.length;
  events.length = 0;
  assert.deepEqual(await embed("org/tiny", { localFilesOnly: true, progress }), expected);
  assert.equal(server.requests.length, requests);
  assert.ok(events.every(({ status }) => status === "loading"));
});

test("a short name means one of sentence-transformers", async () => {
  server.publish("sentence-transformers/all-tiny", files);
  assert.deepEqual(await embed("all-tiny"), expected);
});

test("AutoTokenizer, AutoModel and Transformer take the same names", async () => {
  server.publish("org/tiny", files);
  const tokenizer = await AutoTokenizer.fromPretrained("org/tiny", options());
  assert.deepEqual(server.requestsFor("model.safetensors"), [], "a tokenizer needs no weights");
  const bert = await AutoModel.fromPretrained("org/tiny", options());
  const { lastHiddenState } = await bert(tokenizer([TEXT]));
  assert.equal(lastHiddenState.shape[2], expected.length);
  bert.dispose();
  const transformer = await Transformer.fromPretrained("org/tiny", { ...options(), maxSeqLength: 7 });
  assert.equal(transformer.maxSeqLength, 7);
  transformer.dispose();
});

test("revision and token reach the hub", async () => {
  server.publish("org/tiny", files, { privateTo: "secret" });
  server.publish("org/tiny", { ...files, "modules.json": "[]" }, {}, "broken");
  await assert.rejects(embed("org/tiny"), ModelNotFoundError);
  assert.deepEqual(await embed("org/tiny", { token: "secret" }), expected);
  await assert.rejects(embed("org/tiny", { token: "secret", revision: "broken" }), {
    code: "invalid-value",
    file: /modules\.json$/,
  });
  await assert.rejects(embed("org/tiny", { token: "secret", revision: "none" }), RevisionNotFoundError);
});

test("what is written like a path and is missing is a missing folder, not a question to the hub", async () => {
  for (const name of [
    "./no-such",
    "../no-such",
    "/no/such",
    "~/no-such",
    "a/b/c",
    "no-such/",
    "two words",
    "a\\b",
  ]) {
    await assert.rejects(SentenceTransformer.load(name, options()), (error: Error) => {
      assert.ok(error instanceof FileError, `${name}: ${error.name}`);
      assert.match(error.message, /there is no such file or folder/);
      return true;
    });
  }
  assert.deepEqual(server.requests, []);
});

test("a folder that exists wins over a model of the hub; a file of that name is no model", async () => {
  server.publish("org/tiny", { ...files, "modules.json": "[]" });
  process.chdir(cacheFolder);
  await mkdir("org");
  await symlink(modelFolder("bert-mean"), "org/tiny", "junction");
  assert.deepEqual(await embed("org/tiny"), expected);
  await writeFile("weights.bin", "");
  await assert.rejects(embed("weights.bin"), { code: "not-a-folder", file: "weights.bin" });
  assert.deepEqual(server.requests, []);
  process.chdir(workingDirectory);
});

test("a name that neither the hub nor the disk knows is said to be neither", async () => {
  await assert.rejects(embed("org/no-such"), (error: Error) => {
    assert.ok(error instanceof ModelNotFoundError);
    assert.match(error.message, /has no such model.*; there is no folder "org\/no-such" either$/);
    return true;
  });
  await assert.rejects(embed("org/no-such", { localFilesOnly: true }), (error: Error) => {
    assert.ok(error instanceof HubOfflineError);
    assert.match(error.message, /no folder "org\/no-such" either$/);
    return true;
  });
});

test("a signal ends a download, and does not reach beyond the end of loading", async () => {
  server.publish("org/tiny", files);
  server.fail("model.safetensors", { kind: "stall", after: -1 });
  const controller = new AbortController();
  const reason = new Error("enough");
  const loading = embed("org/tiny", {
    signal: controller.signal,
    progress: ({ file }) => {
      if (file === "model.safetensors") setTimeout(() => controller.abort(reason), 50);
    },
  });
  await assert.rejects(loading, reason);
  assert.equal(server.requestsFor("model.safetensors").length, 1);

  const later = new AbortController();
  const model = await SentenceTransformer.load("org/tiny", { ...options(), signal: later.signal });
  later.abort();
  const copy = join(cacheFolder, "copy");
  await model.save(copy);
  assert.ok((await readFile(join(copy, "model.safetensors"))).length > 0);
  await model.dispose();
});

test("addresses of files and of servers are taken as text", async () => {
  assert.deepEqual(await embed(pathToFileURL(modelFolder("bert-mean")).href), expected);
  server.publish("org/tiny", files, { isLarge: () => false });
  assert.deepEqual(await embed(`${server.url}/org/tiny/resolve/main`), expected);
});

test("where there are no folders, workers get the files that the model was loaded from: nothing is looked up again", async () => {
  server.publish("org/tiny", files);
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, "process")!;
  Object.defineProperty(globalThis, "process", { value: undefined, configurable: true });
  let place: Awaited<ReturnType<typeof openModelPlace>>;
  try {
    place = await openModelPlace("org/tiny", { endpoint: server.url, token: false });
  } finally {
    Object.defineProperty(globalThis, "process", descriptor);
  }
  const lookups = () => server.requests.filter(({ url }) => url.includes("/api/")).length;
  assert.equal(lookups(), 1);
  const pool = await EncodingPool.start(
    { place, settings: { modelType: "SentenceTransformer", placement: checkPlacement() } },
    ["cpu", "cpu"],
  );
  assert.equal(lookups(), 1);
  await pool.stop();
});

test("what another thread is told leads to the same files", async () => {
  const commit = server.publish("org/tiny", files);
  for (const name of [modelFolder("bert-mean"), "org/tiny", `${server.url}/org/tiny/resolve/main`]) {
    const { origin, source } = await openModelPlace(name, options());
    await source.read("config.json");
    if (name === "org/tiny") assert.ok(origin.kind === "folder" && origin.path.includes(commit));
    const again = await reopenModel(structuredClone(origin) as never);
    assert.deepEqual(await again.read("config.json"), await source.read("config.json"));
  }
});
