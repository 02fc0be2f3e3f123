/** In which order files are asked for: what need not wait for another does not, and errors are told in a fixed order. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { FileSource } from "../../src/files/file-source.ts";
import { AutoModel, SentenceTransformer, Transformer } from "../../src/index.ts";
import { ModelFiles } from "../helpers/model-files.ts";

/** A source whose files come when `come` says so, with a list of those that were asked for. */
function slowSource(
  files: ModelFiles,
  { come = async () => {}, isLocal = false }: { come?: (path: string) => Promise<void>; isLocal?: boolean },
) {
  const { source } = files;
  const asked: string[] = [];
  const after = async <T>(path: string, get: () => Promise<T>): Promise<T> => {
    asked.push(path);
    await come(path);
    return await get();
  };
  const slow: FileSource = {
    name: source.name,
    exists: (path) => after(path, () => source.exists(path)),
    read: (path) => after(path, () => source.read(path)),
    open: (path) => after(path, () => source.open(path)),
    isLocal: async () => isLocal,
  };
  return { source: slow, asked };
}

const turns = (count: number) => new Promise<void>((resolve) => setTimeout(resolve, count * 20));

/** A promise that is kept by `open`. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** Fails for an error that nobody waited for. */
function noneUnhandled(t: TestContext): () => Promise<void> {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  t.after(() => process.off("unhandledRejection", note));
  return async () => {
    await turns(1);
    assert.deepEqual(unhandled, []);
  };
}

test("modules are prepared side by side: none waits for another's files", { timeout: 20_000 }, async () => {
  for (const [fixture, first, last] of [
    ["bert-dense-tanh-normalize", "config.json", "2_Dense/config.json"],
    ["router-saved", "query_0_StaticEmbedding/tokenizer.json", "document_0_Transformer/config.json"],
  ] as const) {
    const { open, opened } = gate();
    const { source, asked } = slowSource(ModelFiles.ofFixture(fixture), {
      come: async (path) => {
        if (path === last) open();
        if (path === first) await opened;
      },
    });
    await (await SentenceTransformer.load(source, { threads: 1 })).dispose();
    assert.ok(asked.includes(first) && asked.includes(last), asked.join());
  }
});

test("of several modules that are wrong, the first is told, whichever answers first", async (t) => {
  const checkUnhandled = noneUnhandled(t);
  const files = ModelFiles.ofFixture("bert-dense-tanh-normalize")
    .edit("config.json", { hidden_act: "mish" })
    .edit("1_Pooling/config.json", { pooling_mode: "median" })
    .edit("2_Dense/config.json", { activation_function: "Mish" });
  const delays: Readonly<Record<string, number>> = { "config.json": 3, "1_Pooling/config.json": 2 };
  const come = (path: string) => turns(delays[path] ?? 0);
  const load = (changed: ModelFiles) => SentenceTransformer.load(slowSource(changed, { come }).source);
  await assert.rejects(load(files), { code: "unsupported-activation", subject: "mish" });
  await assert.rejects(load(files.edit("config.json", { hidden_act: "gelu" })), { subject: "median" });
  const last = files.edit("1_Pooling/config.json", { pooling_mode: "mean" });
  await assert.rejects(load(last), { code: "unsupported-activation", subject: "Mish" });
  await checkUnhandled();
});

test("an adapter is told before a config.json that is wrong or missing", async (t) => {
  const checkUnhandled = noneUnhandled(t);
  const plain = () => ModelFiles.ofFixture("bert-mean").write("adapter_config.json", "{}");
  const come = (path: string) => turns(path === "adapter_config.json" ? 2 : 0);
  const error = { code: "unsupported-adapter" };
  for (const files of [plain().write("config.json", "{"), plain().remove("config.json")]) {
    const { source } = slowSource(files, { come });
    await assert.rejects(SentenceTransformer.load(source), error);
    await assert.rejects(AutoModel.fromPretrained(source), error);
    await assert.rejects(Transformer.fromPretrained(source), error);
    await assert.rejects(
      SentenceTransformer.load(slowSource(files.remove("modules.json"), { come }).source),
      error,
    );
  }
  await checkUnhandled();
});

test("a tokenizer is made before weights are fetched, and after those at hand began to be read", async () => {
  for (const isLocal of [true, false]) {
    const { source, asked } = slowSource(ModelFiles.ofFixture("bert-mean"), { isLocal });
    await (await Transformer.fromPretrained(source, { threads: 1 })).dispose();
    const weights = asked.lastIndexOf("model.safetensors");
    assert.equal(asked.indexOf("tokenizer.json") > weights, isLocal, asked.join());
  }
});
