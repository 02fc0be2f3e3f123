/** The end of a model while others still use it: typed errors, nothing that hangs, nothing that goes on. */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test as testOf } from "node:test";
import type { FileSource } from "../src/files/file-source.ts";
import { AutoModel, AutoTokenizer, SentenceTransformer, Transformer } from "../src/index.ts";
import { ThreadedWasmBackend } from "../src/tensor/backend/wasm/threads/threaded-backend.ts";
import { modelFolder } from "./helpers/fixtures.ts";
import { ModelFiles } from "./helpers/model-files.ts";
import { temporaryFolder } from "./helpers/temporary-folder.ts";

/** What hangs is to fail. */
const test = (name: string, body: (t: TestContext) => Promise<void>) =>
  testOf(name, { timeout: 60_000 }, body);

const folder = modelFolder("bert-mean");
const texts = Array.from({ length: 40 }, (_, i) => `text ${i} ${"word ".repeat((i * 5) % 9)}`);
const disposed = { name: "ArgumentError", code: "disposed", subject: "model" };

/** Resolves when the next batch is being computed. */
function forwardBegins(model: SentenceTransformer): Promise<void> {
  const transformer = model.modules[0] as Transformer;
  const { forward } = transformer;
  return new Promise((resolve) => {
    transformer.forward = (...args) => {
      resolve();
      return forward.apply(transformer, args);
    };
  });
}

for (const options of [{ threads: 1 }, { threads: 2 }, { backend: "js" }] as const) {
  const name = JSON.stringify(options);

  test(`${name}: running calls reject with a code, and dispose resolves after them`, async () => {
    const model = await SentenceTransformer.load(folder, options);
    const settled: string[] = [];
    const watched = (label: string, call: Promise<unknown>) =>
      call.then(
        () => settled.push(`${label}: done`),
        ({ code, subject }) => settled.push(`${label}: ${code} ${subject}`),
      );
    let batches = 0;
    const onProgress = () => {
      if (batches++ > 0) return;
      for (let i = 0; i < 2; i++) ends.push(model.dispose().then(() => settled.push("disposed of")));
    };
    const ends: Promise<unknown>[] = [];
    const calls = [
      watched("all", model.encode(texts, { batchSize: 1, onProgress })),
      watched("tokens", model.encode(texts, { batchSize: 1, outputValue: "token_embeddings" })),
    ];
    await Promise.all(calls);
    await Promise.all(ends);
    assert.ok(batches < texts.length, "the premise: it ended in the middle");
    assert.deepEqual(settled.slice(0, 2).toSorted(), ["all: disposed model", "tokens: disposed model"]);
    assert.deepEqual([...new Set(settled.slice(2))], ["disposed of"]);
  });

  test(`${name}: a batch that is being computed is waited for`, async () => {
    const model = await SentenceTransformer.load(folder, options);
    const expected = await model.encode(texts.slice(0, 3));
    const running = model.encode(texts.slice(0, 3));
    await forwardBegins(model);
    const end = model.dispose();
    assert.deepEqual(await running, expected);
    await end;
  });

  test(`${name}: AutoModel ends after its running calls`, async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    const bert = await AutoModel.fromPretrained(folder, options);
    const inputs = tokenizer(texts, { padding: true });
    const { lastHiddenState } = await bert(inputs);
    const running = bert(inputs);
    const ends = [bert.dispose(), bert.dispose()];
    assert.deepEqual((await running).lastHiddenState.data, lastHiddenState.data);
    await assert.rejects(bert(inputs), disposed);
    await Promise.all(ends);
  });
}

test("every method of a model that was disposed of says so", async () => {
  const model = await SentenceTransformer.load(folder, { threads: 1 });
  await model.dispose();
  await assert.rejects(model.encode("a"), disposed);
  await assert.rejects(model.encode([]), disposed);
  await assert.rejects(model.encode("a", { device: ["cpu"] }), disposed);
  await assert.rejects(model.encodeQuery("a"), disposed);
  await assert.rejects(model.encodeDocument("a"), disposed);
  assert.throws(() => model.encodeStream(["a"]), disposed);
  assert.throws(() => model.countTokens("a"), disposed);
  await assert.rejects(model.save(join(tmpdir(), "never-written")), disposed);
  await assert.rejects(model.startMultiProcessPool(), disposed);
});

test("a stream that waits for its source, or for its consumer, ends with the model", async () => {
  const model = await SentenceTransformer.load(folder, { threads: 1 });
  let closed = 0;
  async function* endless() {
    try {
      yield "a";
      await new Promise(() => {}); // nothing ever comes
    } finally {
      closed++;
    }
  }
  const waiting = model.encodeStream(endless());
  assert.equal((await waiting.next()).value!.text, "a");
  const next = assert.rejects(waiting.next(), disposed);
  function* many() {
    try {
      yield* texts;
    } finally {
      closed++;
    }
  }
  const pending = model.encodeStream(many(), { batchSize: 1 });
  await pending.next();
  await model.dispose();
  await next;
  await assert.rejects(pending.next(), disposed);
  assert.equal(closed, 1, "the source that can be closed is closed");
});

test("what is being saved is whole", async (t) => {
  const target = await temporaryFolder(t);
  const model = await SentenceTransformer.load(folder, { threads: 1 });
  const expected = await model.encode(texts);
  let isSaved = false;
  const saving = model.save(target).then(() => {
    isSaved = true;
  });
  await model.dispose();
  assert.ok(isSaved);
  await saving;
  const again = await SentenceTransformer.load(target, { threads: 1 });
  assert.deepEqual(await again.encode(texts), expected);
  await again.dispose();
});

/** Tells each operation on a source, and how many of its files are open. */
function watchedSource(onOperation: (number: number) => void) {
  const { source } = ModelFiles.ofFixture("bert-mean");
  const state = { operations: 0, open: 0 };
  const told = async <T>(operation: Promise<T>): Promise<T> => {
    onOperation(state.operations++);
    const result = await operation;
    await new Promise((resolve) => setImmediate(resolve));
    return result;
  };
  const watched: FileSource = {
    name: source.name,
    exists: (path) => told(source.exists(path)),
    read: (path) => told(source.read(path)),
    async open(path) {
      const reader = await told(source.open(path));
      state.open++;
      return {
        name: reader.name,
        size: reader.size,
        readInto: (target, position) => told(reader.readInto(target, position)),
        close: async () => {
          state.open--;
          await reader.close();
        },
      };
    },
  };
  return { source: watched, state };
}

const loaders: Readonly<Record<string, (source: FileSource, signal?: AbortSignal) => Promise<unknown>>> = {
  "SentenceTransformer.load": (source, signal) => SentenceTransformer.load(source, { signal, threads: 1 }),
  "AutoModel.fromPretrained": (source, signal) => AutoModel.fromPretrained(source, { signal, threads: 1 }),
  "AutoTokenizer.fromPretrained": (source, signal) => AutoTokenizer.fromPretrained(source, { signal }),
  "Transformer.fromPretrained": (source, signal) =>
    Transformer.fromPretrained(source, { signal, threads: 1 }),
};

/** Does what was asked for, a moment later, and tells how often it was done. */
function slowDisposal(t: TestContext): { readonly ended: number } {
  const state = { ended: 0 };
  const { dispose } = ThreadedWasmBackend.prototype;
  t.mock.method(ThreadedWasmBackend.prototype, "dispose", async function (this: ThreadedWasmBackend) {
    await dispose.call(this);
    await new Promise((resolve) => setTimeout(resolve, 20));
    state.ended++;
  });
  return state;
}

testOf("a load that fails has ended its threads when it rejects", async (t) => {
  const state = slowDisposal(t);
  const { source } = ModelFiles.ofFixture("bert-mean").edit("config.json", { hidden_size: 4 });
  const ways = [SentenceTransformer.load, AutoModel.fromPretrained, Transformer.fromPretrained];
  for (const [index, load] of ways.entries()) {
    await assert.rejects(load(source, { threads: 2 }), { name: "FormatError" });
    assert.equal(state.ended, index + 1);
  }
});

testOf("a file that cannot be closed hides no error, and keeps no memory", async (t) => {
  const state = slowDisposal(t);
  const config = { out_features: 9 };
  const { source } = ModelFiles.ofFixture("bert-dense-tanh-normalize").edit("2_Dense/config.json", config);
  const stuck: FileSource = {
    name: source.name,
    exists: (path) => source.exists(path),
    read: (path) => source.read(path),
    async open(path) {
      const reader = await source.open(path);
      if (path.startsWith("2_Dense")) return reader;
      const close = () => Promise.reject(new Error("cannot be closed"));
      return { name: reader.name, size: reader.size, readInto: reader.readInto.bind(reader), close };
    },
  };
  await assert.rejects(SentenceTransformer.load(stuck, { threads: 2 }), { code: "tensor-shape" });
  assert.equal(state.ended, 1);
});

for (const [name, load] of Object.entries(loaders)) {
  test(`${name}: an abort at any moment is the end, and no file stays open`, async () => {
    const undisturbed = watchedSource(() => {});
    await load(undisturbed.source);
    const { operations } = undisturbed.state;
    assert.equal(undisturbed.state.open, 0);
    assert.ok(operations > 3);
    for (let at = 0; at < operations; at++) {
      const controller = new AbortController();
      const reason = new Error(`at ${at}`);
      const { source, state } = watchedSource((number) => {
        if (number === at) controller.abort(reason);
      });
      await assert.rejects(load(source, controller.signal), reason, `operation ${at}`);
      assert.equal(state.open, 0, `files after operation ${at}`);
    }
  });
}
