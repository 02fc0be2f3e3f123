/** README.md holds licence, language and authorship of a model: saving must not lose it. */
import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { SaveOptions } from "../../src/base-model/save-options.ts";
import { SentenceTransformer, Transformer } from "../../src/index.ts";
import { openBrowserModel } from "../../src/sources/hub/open-browser.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { filesOfFixture, ModelFiles } from "../helpers/model-files.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { MODEL, startHub } from "../sources/hub/setup.ts";

/** With what decoding and encoding again would lose: a byte order mark, a line end of Windows, a byte that is not UTF-8. */
const CARD = Buffer.concat([
  Buffer.from("\ufeff---\r\nlicense: cc-by-nc-4.0\nlanguage: [de, fr]\n---\n# Ours\n"),
  Buffer.from([0xe9]),
]);

/** What `save` writes, by path; null: no such file. */
async function savedCard(
  model: Parameters<typeof SentenceTransformer.load>[0] | SentenceTransformer,
  options: SaveOptions = {},
  loading: Parameters<typeof SentenceTransformer.load>[1] = {},
): Promise<Buffer | null> {
  const files = new Map<string, Uint8Array | string>();
  const loaded =
    model instanceof SentenceTransformer
      ? model
      : await SentenceTransformer.load(model, { backend: "js", ...loading });
  await loaded.save(
    {
      write: async (path, content) => {
        if (content instanceof Uint8Array || typeof content === "string") files.set(path, content);
      },
    },
    options,
  );
  await loaded.dispose();
  assert.ok(files.has("modules.json"));
  const card = files.get("README.md");
  return card === undefined ? null : Buffer.from(card as string);
}

test("the card of the loaded model is kept byte for byte, from every kind of source", async (t) => {
  const folder = join(await temporaryFolder(t), "model");
  await cp(modelFolder("bert-mean"), folder, { recursive: true });
  await writeFile(join(folder, "README.md"), CARD);
  assert.deepEqual(await savedCard(folder), CARD, "a folder");
  assert.deepEqual(
    await savedCard(ModelFiles.ofFixture("bert-mean").write("README.md", CARD).source),
    CARD,
    "files",
  );

  const { server, cache } = await startHub(t, { publish: false });
  server.publish("org/carded", { ...filesOfFixture("bert-mean"), "README.md": CARD });
  const options = { endpoint: server.url, cacheFolder: cache, token: false } as const;
  assert.deepEqual(await savedCard("org/carded", {}, options), CARD, "a name");
  assert.deepEqual(
    await savedCard("org/carded", {}, { ...options, localFilesOnly: true }),
    CARD,
    "the cache",
  );
  assert.deepEqual(await savedCard(`${server.url}/org/carded/resolve/main`), CARD, "an address");
  assert.deepEqual(
    await savedCard(await openBrowserModel("org/carded", { endpoint: server.url })),
    CARD,
    "a browser",
  );
});

test("a model saved over its own folder keeps its card, with modules.json and without", async (t) => {
  for (const name of ["bert-mean", "bert-plain"]) {
    const folder = join(await temporaryFolder(t), "model");
    await cp(modelFolder(name), folder, { recursive: true });
    await writeFile(join(folder, "README.md"), CARD);
    const model = await SentenceTransformer.load(folder, { backend: "js" });
    await model.save(folder);
    await model.dispose();
    assert.deepEqual(await readFile(join(folder, "README.md")), CARD);
  }
});

test("a model without a card gets a short one", async () => {
  const short =
    /^---\n[\s\S]*library_name: sentence-transformers\n[\s\S]*36 dimensions: Transformer, Pooling\.\n$/;
  assert.match(String(await savedCard(modelFolder("bert-mean"))), short);
  const empty = ModelFiles.ofFixture("bert-mean").write("README.md", "");
  assert.match(String(await savedCard(empty.source)), short);
  const { modules } = await SentenceTransformer.load(modelFolder("bert-mean"), { backend: "js" });
  assert.match(String(await savedCard(new SentenceTransformer({ modules }))), short);
  const alone = await Transformer.fromPretrained(modelFolder("bert-mean"), { backend: "js" });
  assert.match(String(await savedCard(new SentenceTransformer({ modules: [alone] }))), /: Transformer\.\n$/);
});

test("a card is given as an option, or none is written", async () => {
  const carded = () => ModelFiles.ofFixture("bert-mean").write("README.md", CARD).source;
  assert.equal(String(await savedCard(carded(), { modelCard: "# Mine\n" })), "# Mine\n");
  assert.equal(String(await savedCard(carded(), { modelCard: "" })), "");
  assert.equal(await savedCard(carded(), { createModelCard: false }), null);
  assert.deepEqual(await savedCard(carded(), { modelCard: undefined, createModelCard: undefined }), CARD);
  for (const [options, subject] of [
    [{ modelCard: 3 }, "modelCard"],
    [{ modelCard: null }, "modelCard"],
    [{ modelCard: "a", createModelCard: false }, "modelCard"],
    [{ createModelCard: "no" }, "createModelCard"],
  ] as const) {
    await assert.rejects(savedCard(carded(), options as never), { name: "ArgumentError", subject });
  }
});

test("a model of the hub whose card was never fetched can be saved without a connection, and says so", async (t) => {
  const hub = await startHub(t, { publish: false });
  hub.server.publish(MODEL, { ...filesOfFixture("bert-mean"), "README.md": CARD });
  const { source } = await hub.open();
  const model = await SentenceTransformer.load(source, { backend: "js" });
  await hub.server.close();
  assert.match(String(await savedCard(model)), /Saved from org\/tiny; its model card/);
});
