import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { UnsupportedError } from "../../../src/errors.ts";
import { downloadModel, openHubModel } from "../../../src/sources/hub/open.ts";
import "../../../src/sources/hub/open-browser.ts";
import { SentenceTransformer } from "../../../src/sentence-transformer.ts";
import { pathsBelow, temporaryFolder } from "../../helpers/temporary-folder.ts";
import { decoded, files, MODEL, startHub, text } from "./setup.ts";

/** What the machine that runs the tests has set does not count. */
const silenced = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_SYMLINKS"];
for (const name of silenced) delete process.env[name];

test("a model is opened by its name", async (t) => {
  const { server, cache, commit } = await startHub(t);
  const model = await openHubModel(MODEL, { endpoint: server.url, cacheFolder: cache, token: false });
  assert.equal(model.commit, commit);
  assert.equal(decoded(await model.read("config.json")), files["config.json"]);
});

test("a model is downloaded whole, to a folder that has its files under their names", async (t) => {
  const { server, cache, folder, commit } = await startHub(t);
  const downloaded = await downloadModel(MODEL, { endpoint: server.url, cacheFolder: cache, token: false });
  assert.equal(downloaded.folder, join(folder, "snapshots", commit));
  assert.deepEqual([...downloaded.files].sort(), [
    "1_Pooling/config.json",
    "2_Dense/config.json",
    "2_Dense/model.safetensors",
    "config.json",
    "model.safetensors",
    "modules.json",
    "tokenizer.json",
  ]);
  for (const path of downloaded.files) {
    const content = files[path]!;
    const expected = typeof content === "string" ? content : decoded(content);
    assert.equal(await text(join(downloaded.folder, path)), expected);
  }
});

test("what was downloaded is all that loading the model asks for", async (t) => {
  const { server, cache } = await startHub(t);
  const root = fileURLToPath(new URL("../../../models/demo-en", import.meta.url));
  const demo: Record<string, Uint8Array> = {};
  for (const path of await pathsBelow(root)) demo[path] = await readFile(join(root, path));
  server.publish("org/demo", demo);
  const options = { endpoint: server.url, cacheFolder: cache, token: false };
  const { files: downloaded } = await downloadModel("org/demo", options);
  assert.ok(!downloaded.includes("README.md") && !downloaded.includes("train.py"));
  await server.close();
  const offline = await openHubModel("org/demo", { ...options, localFilesOnly: true });
  const model = await SentenceTransformer.load(offline, { backend: "js" });
  await model.dispose();
});

test("a download that lacks a file fails", async (t) => {
  const { server, cache } = await startHub(t);
  server.fail("/2_Dense/config.json", { kind: "status", status: 403 });
  await assert.rejects(downloadModel(MODEL, { endpoint: server.url, cacheFolder: cache, token: false }), {
    code: "access-denied",
  });
});

test("where there are no folders, the browser's storage serves, and nothing can be downloaded to one", async (t) => {
  const { server, commit } = await startHub(t);
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, "process")!;
  Object.defineProperty(globalThis, "process", { value: undefined, configurable: true });
  try {
    await assert.rejects(downloadModel(MODEL), UnsupportedError);
    const model = await openHubModel(MODEL, { endpoint: server.url });
    assert.equal(model.commit, commit);
    await assert.rejects(openHubModel(MODEL, { cacheFolder: await temporaryFolder(t) }), UnsupportedError);
  } finally {
    Object.defineProperty(globalThis, "process", descriptor);
  }
});
