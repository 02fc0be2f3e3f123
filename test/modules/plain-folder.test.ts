/**
 * A folder without modules.json is a plain transformers model, whatever other files of sentence-transformers lie in it:
 * the reference reads none of them. The numbers of `bert-plain-settings` are held by test/parity.test.ts; here every
 * way to its files has to give the same ones.
 */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { AutoModel, AutoTokenizer, SentenceTransformer, Transformer } from "../../src/index.ts";
import { openBrowserModel } from "../../src/sources/hub/open-browser.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { filesOfFixture, ModelFiles } from "../helpers/model-files.ts";
import { MODEL, startHub } from "../sources/hub/setup.ts";

const PLAIN = "bert-plain-settings";
const TEXT = "The quick gardener waters THE ROSES every morning, near the old mill by the river of the town.";
const files = filesOfFixture(PLAIN);

type Loadable = Parameters<typeof SentenceTransformer.load>[0];
type LoadOptions = Parameters<typeof SentenceTransformer.load>[1];

async function embed(model: Loadable, options?: LoadOptions): Promise<Float32Array> {
  const loaded = await SentenceTransformer.load(model, { backend: "js", ...options });
  try {
    assert.deepEqual(
      [loaded.maxSeqLength, loaded.prompts, loaded.defaultPromptName, loaded.truncateDim],
      [48, { query: "", document: "" }, null, null],
    );
    assert.equal(loaded.similarityFnName, "cosine");
    return await loaded.encode(TEXT);
  } finally {
    await loaded.dispose();
  }
}

async function hub(t: TestContext) {
  const { server, cache, folder, open } = await startHub(t, { publish: false });
  return {
    server,
    folder,
    open,
    options: { endpoint: server.url, cacheFolder: cache, token: false } as const,
  };
}

test("every way to a folder without modules.json gives the same model", async (t) => {
  const expected = await embed(modelFolder(PLAIN));
  const { server, options } = await hub(t);
  server.publish(MODEL, files);
  assert.deepEqual(await embed(ModelFiles.ofFixture(PLAIN).source), expected, "a FileSource");
  assert.deepEqual(await embed(MODEL, options), expected, "a name");
  assert.deepEqual(await embed(MODEL, { ...options, localFilesOnly: true }), expected, "the cache");
  assert.deepEqual(await embed(`${server.url}/${MODEL}/resolve/main`), expected, "an address");
  const inBrowser = await openBrowserModel(MODEL, { endpoint: server.url });
  assert.deepEqual(await embed(inBrowser), expected, "a name in a browser");
});

test("a cached snapshot without modules.json is a plain folder, unless the hub has listed that file", async (t) => {
  const expected = await embed(modelFolder(PLAIN));
  const { server, folder, open, options } = await hub(t);
  const withModules = {
    ...files,
    "modules.json": '[{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"}]',
  };
  const commit = server.publish(MODEL, withModules);
  // As huggingface_hub leaves it where a program asked for these files alone.
  for (const [path, bytes] of Object.entries(files)) {
    const file = join(folder, "snapshots", commit, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  await mkdir(join(folder, "refs"));
  await writeFile(join(folder, "refs", "main"), commit);
  assert.deepEqual(await embed(MODEL, { ...options, localFilesOnly: true }), expected);

  await AutoTokenizer.fromPretrained(MODEL, options); // asks the hub for the list of files
  await server.close();
  const load = async () => SentenceTransformer.load((await open()).source);
  await assert.rejects(load, (error: Error) => {
    assert.equal((error as { code?: string }).code, "not-cached", error.stack);
    assert.match(error.message, /modules\.json/);
    return true;
  });
});

test("a causal language model's last token is pooled, unless its config says that it is not causal", async () => {
  const mode = async (changes: Record<string, unknown>) => {
    const plain = ModelFiles.ofFixture("roberta-plain-causal").edit("config.json", changes);
    const model = await SentenceTransformer.load(plain.source, { backend: "js" });
    const pooling = model.modules[1] as unknown as { config: { modes: readonly string[] } };
    await model.dispose();
    return pooling.config.modes.join();
  };
  assert.equal(await mode({}), "lasttoken");
  assert.equal(await mode({ is_causal: true }), "lasttoken");
  assert.equal(await mode({ is_causal: false }), "mean");
  assert.equal(await mode({ is_causal: null }), "mean");
  for (const architectures of [["RobertaModel", "RobertaForCausalLM"], [], null, undefined]) {
    assert.equal(await mode({ architectures }), "mean");
  }
});

test("a Transformer made by itself reads the files of transformers alone, as the reference's constructor does", async () => {
  const transformer = await Transformer.fromPretrained(modelFolder("bert-lower"));
  const tokenizer = await AutoTokenizer.fromPretrained(modelFolder("bert-lower"));
  const whole = await SentenceTransformer.load(modelFolder("bert-lower"));
  assert.equal(transformer.maxSeqLength, 48);
  assert.notEqual(whole.maxSeqLength, 48, "the premise: a file of sentence-transformers says otherwise");
  const ids = [...transformer.tokenize("THE River").inputIds];
  assert.deepEqual(ids, tokenizer.encode("THE River").inputIds);
  assert.notDeepEqual(ids, [...(whole.modules[0] as Transformer).tokenize("THE River").inputIds]);
  transformer.dispose();
  await whole.dispose();
});

const TEMPLATE = "{% for m in messages %}{{ m['content'] }}{% endfor %}";

test("a chat template, which the reference would put around every text, is rejected by name", async () => {
  const plain = () => ModelFiles.ofFixture("bert-plain");
  for (const [model, file] of [
    [plain().write("chat_template.jinja", TEMPLATE), "model/chat_template.jinja"],
    [plain().edit("tokenizer_config.json", { chat_template: TEMPLATE }), "model/tokenizer_config.json"],
    [
      plain().edit("tokenizer_config.json", { chat_template: [{ name: "default", template: TEMPLATE }] }),
      "model/tokenizer_config.json",
    ],
  ] as const) {
    for (const load of [SentenceTransformer.load, Transformer.fromPretrained]) {
      await assert.rejects(load(model.source), {
        name: "UnsupportedError",
        code: "unsupported-chat-template",
        subject: "chat_template",
        file,
      });
    }
    (await AutoModel.fromPretrained(model.source)).dispose();
  }
  const none = await SentenceTransformer.load(
    plain().edit("tokenizer_config.json", { chat_template: null }).source,
  );
  await none.dispose();
  // Where modules.json is there and says nothing of messages, texts are taken as they are.
  const listed = ModelFiles.ofFixture("bert-mean").write("chat_template.jinja", TEMPLATE);
  await (await SentenceTransformer.load(listed.source)).dispose();
});

test("an empty settings file counts as none: the next name is looked for", async () => {
  const withFile = (content: string) =>
    ModelFiles.ofFixture("bert-mean")
      .write("sentence_bert_config.json", content)
      .write("sentence_xlnet_config.json", '{"max_seq_length": 9}');
  for (const [content, limit] of [
    ["{}", 9],
    ['{"max_seq_length": 12}', 12],
  ] as const) {
    const model = await SentenceTransformer.load(withFile(content).source);
    assert.equal(model.maxSeqLength, limit);
    await model.dispose();
  }
  const router = ModelFiles.ofFixture("router-saved");
  const text = new TextDecoder().decode(await router.source.read("router_config.json"));
  await (
    await SentenceTransformer.load(router.write("config.json", text).write("router_config.json", "{}").source)
  ).dispose();
});
