/** What `encode` promises besides its numbers, which are the parity suite's business. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  ArgumentError,
  Dense,
  MemorySource,
  Normalize,
  Pooling,
  SentenceTransformer,
  Tensor,
  Transformer,
} from "../src/index.ts";
import { modelFolder } from "./helpers/fixtures.ts";
import { ModelFiles } from "./helpers/model-files.ts";

const texts = ["one", "a much longer text, with several words in it", "", "two three"];

let model: SentenceTransformer;
before(async () => {
  model = await SentenceTransformer.load(modelFolder("bert-mean"));
});
after(() => model.dispose());

test("one text gives one vector; several give one each, in memory of its own", async () => {
  const one = await model.encode(texts[1]!);
  const many = await model.encode(texts);
  assert.ok(one instanceof Float32Array);
  assert.equal(one.length, model.getEmbeddingDimension());
  assert.equal(model.getSentenceEmbeddingDimension(), model.getEmbeddingDimension());
  assert.deepEqual(many[1], one);
  assert.equal(new Set(many.map((vector) => vector.buffer)).size, texts.length);
});

test("batch size, order and company change no bit of an embedding", async () => {
  const alone = await Promise.all(texts.map((text) => model.encode(text)));
  for (const batchSize of [1, 2, 3, 100]) {
    assert.deepEqual(await model.encode(texts, { batchSize }), alone);
  }
  const reversed = await model.encode([...texts].reverse());
  assert.deepEqual(reversed.reverse(), alone);
});

test("what callers pass by mistake is told by name", async () => {
  const wrong = (options: unknown) => model.encode("a", options as never);
  await assert.rejects(wrong(null), /^ArgumentError: encode: expected an object, got null/);
  await assert.rejects(wrong({ onProgress: 3 }), /^ArgumentError: encode: onProgress: expected a function/);
  await assert.rejects(
    wrong({ signal: {} }),
    /^ArgumentError: encode: signal: expected an AbortSignal, got an object/,
  );
  const load = (what: unknown, options?: unknown) =>
    SentenceTransformer.load(what as never, options as never);
  await assert.rejects(load("x", null), /^ArgumentError: load: expected an object/);
  await assert.rejects(load("x", { progress: 3 }), /^ArgumentError: load: progress: expected a function/);
  await assert.rejects(load("x", { signal: 3 }), /^ArgumentError: load: signal: expected an AbortSignal/);
  await assert.rejects(load("x", { dtype: "int8" }), /^UnsupportedError: load: dtype "int8"/);
  for (const what of [{}, [], null, 3])
    await assert.rejects(load(what), /^ArgumentError: model: expected a folder/);
  const make = (options: unknown) => new SentenceTransformer(options as never);
  assert.throws(() => make(undefined), /^ArgumentError: SentenceTransformer: expected an object/);
  assert.throws(() => make({ modules: null }), /^ArgumentError: .* array of modules, got null/);
  assert.throws(() => make({ modules: [{}] }), /^ArgumentError: .* module 0 has none/);
  assert.throws(() => new MemorySource({} as never), /^ArgumentError: MemorySource: expected a Map/);
  assert.throws(() => Tensor.from(null as never), /^ArgumentError: Tensor\.from: expected a typed array/);
  assert.throws(() => Tensor.from([1], 1 as never), /^ArgumentError: Tensor\.from: expected the shape/);
});

test("a signal that is aborted ends calls with nothing to do, too", () =>
  assert.rejects(model.encode([], { signal: AbortSignal.abort() }), { name: "AbortError" }));

test("truncateDim null means all dimensions, whatever the model's setting", async () => {
  const whole = await model.encode("a");
  model.truncateDim = 3;
  assert.deepEqual(await model.encode("a", { truncateDim: null }), whole);
  assert.equal((await model.encode("a")).length, 3);
  model.truncateDim = null;
});

test("no texts give no vectors", async () => {
  assert.deepEqual(await model.encode([]), []);
  const tensor = await model.encode([], { convertToTensor: true });
  assert.deepEqual(tensor.shape, [0, model.getEmbeddingDimension()]);
  assert.deepEqual(await model.encode([], { outputValue: "token_embeddings" }), []);
  assert.deepEqual(await model.encode([], { outputValue: null }), []);
});

test("convertToTensor gives one tensor with the same numbers", async () => {
  const tensor = await model.encode(texts, { convertToTensor: true });
  const vectors = await model.encode(texts);
  assert.ok(tensor instanceof Tensor);
  assert.deepEqual(tensor.shape, [texts.length, model.getEmbeddingDimension()]);
  assert.deepEqual(
    tensor.toArray(),
    vectors.map((vector) => [...vector]),
  );
  assert.deepEqual((await model.encode("one", { convertToTensor: true })).shape, [vectors[0]!.length]);
});

test("token embeddings are a tensor a text, and their mean is the sentence embedding of a mean model", async () => {
  const tokens = await model.encode(texts, { outputValue: "token_embeddings" });
  const sentences = await model.encode(texts);
  for (const [i, tensor] of tokens.entries()) {
    const [count, width] = tensor.shape as [number, number];
    assert.equal(count, model.tokenizer.encode(texts[i]!).inputIds.length);
    const mean = Float32Array.from({ length: width }, (_, column) => {
      let sum = 0;
      for (let row = 0; row < count; row++) sum += tensor.data[row * width + column]!;
      return sum / count;
    });
    for (const [column, value] of mean.entries()) {
      assert.ok(Math.abs(value - sentences[i]![column]!) <= 1e-6 * Math.max(1, Math.abs(value)));
    }
  }
});

test("outputValue null gives everything about a text", async () => {
  const long = texts[1]!.repeat(100);
  const [short, cut] = await model.encode(["one", long], { outputValue: null, prompt: "a ", truncateDim: 5 });
  assert.deepEqual([...short!.inputIds], model.tokenizer.encode("a one").inputIds);
  assert.deepEqual(new Set(short!.attentionMask), new Set([1]));
  assert.deepEqual(new Set(short!.tokenTypeIds), new Set([0]));
  assert.equal(short!.truncated, false);
  assert.equal(short!.sentenceEmbedding.length, 5);
  assert.equal(short!.promptLength, 2, "[CLS] and the prompt's one token");
  assert.equal(cut!.truncated, true);
  assert.equal(cut!.inputIds.length, model.maxSeqLength);
  assert.deepEqual(cut!.tokenEmbeddings!.shape, [model.maxSeqLength, short!.tokenEmbeddings!.shape[1]]);
});

test("normalizeEmbeddings comes after truncateDim", async () => {
  const plain = await model.encode("one", { truncateDim: 7 });
  const normalized = await model.encode("one", { truncateDim: 7, normalizeEmbeddings: true });
  const length = Math.hypot(...plain);
  assert.equal(plain.length, 7);
  assert.ok(Math.abs(Math.hypot(...normalized) - 1) < 1e-6);
  for (const [i, value] of normalized.entries()) assert.ok(Math.abs(value - plain[i]! / length) < 1e-6);
});

test("what is not a text is refused with its place", async () => {
  const encode = model.encode as unknown as (texts: unknown, options?: unknown) => Promise<unknown>;
  const call = (value: unknown, options?: unknown) => encode.call(model, value, options);
  await assert.rejects(call(3), /encode: expected a string or an array of strings, got number/);
  await assert.rejects(call(null), /got null/);
  await assert.rejects(call({ text: "a" }), /got an object/);
  await assert.rejects(call(["a", ["b"]]), /encode: expected a string at index 1, got an array/);
  await assert.rejects(call(["a", undefined]), /at index 1, got undefined/);
  await assert.rejects(call("a", { batchSize: 0 }), /batchSize: expected a whole number from 1 on, got 0/);
  await assert.rejects(call("a", { batchSize: Symbol("32") }), {
    name: "ArgumentError",
    message: "batchSize: expected a whole number from 1 on, got symbol",
  });
  await assert.rejects(call("a", { truncateDim: 1.5 }), /truncateDim: expected a whole number/);
  await assert.rejects(call("a", { outputValue: "sentence" }), /outputValue: expected/);
  await assert.rejects(call("a", { prompt: 3 }), /prompt: expected a string/);
});

test("an unknown prompt name lists the known ones", async () => {
  const prompted = await SentenceTransformer.load(modelFolder("bert-mean"), {
    prompts: { query: "query: ", other: "o " },
  });
  await assert.rejects(prompted.encode("a", { promptName: "nope" }), (error: Error) => {
    assert.ok(error instanceof ArgumentError);
    assert.match(error.message, /no prompt "nope"; the model has .*"query".*"other"/);
    return true;
  });
  await assert.rejects(prompted.encode("a", { promptName: "toString" }), ArgumentError);
  await prompted.dispose();
});

test("every way to give a prompt embeds the same text", async () => {
  const retrieval = "retrieve: ";
  const prompted = await SentenceTransformer.load(modelFolder("bert-mean"), {
    prompts: { retrieval, query: "q: " },
    defaultPromptName: "retrieval",
  });
  const expected = await model.encode(`${retrieval}cake`);
  assert.deepEqual(await prompted.encode("cake"), expected);
  assert.deepEqual(await prompted.encode("cake", { promptName: "retrieval" }), expected);
  assert.deepEqual(await prompted.encode("cake", { prompt: retrieval, promptName: "nope" }), expected);
  assert.deepEqual(await prompted.encode("cake", { prompt: "" }), await model.encode("cake"));
  assert.deepEqual(await prompted.encodeQuery("cake"), await model.encode("q: cake"));
  assert.deepEqual(await prompted.encodeQuery(["cake"], { prompt: "" }), await model.encode(["cake"]));

  prompted.defaultPromptName = null;
  assert.deepEqual(await prompted.encode("cake"), await model.encode("cake"));
  assert.throws(() => {
    prompted.defaultPromptName = "nope";
  }, ArgumentError);
  prompted.prompts = { passage: "p: " };
  assert.deepEqual(await prompted.encodeDocument("cake"), await model.encode("p: cake"));
  assert.deepEqual(await prompted.encodeQuery("cake"), await model.encode("cake"));
  assert.throws(() => {
    prompted.prompts = { a: 3 } as never;
  }, /prompts: "a": expected a string, found 3/);
  await prompted.dispose();
});

test("maxSeqLength cuts texts, and cannot exceed the model's positions", async () => {
  const own = await SentenceTransformer.load(modelFolder("bert-mean"));
  const words = "river ".repeat(200);
  own.maxSeqLength = 6;
  const [features] = await own.encode([words], { outputValue: null });
  assert.equal(features!.inputIds.length, 6);
  assert.deepEqual(await own.encode(words), await own.encode("river ".repeat(300)));
  for (const wrong of [0, 2, 3.5, Number.NaN, 100_000]) {
    assert.throws(() => {
      own.maxSeqLength = wrong;
    }, /maxSeqLength: expected a whole number from 3 to \d+ \(the model's positions\)/);
  }
  assert.equal(own.maxSeqLength, 6);
  await own.dispose();
  await assert.rejects(
    SentenceTransformer.load(modelFolder("bert-mean"), { maxSeqLength: 100_000 }),
    ArgumentError,
  );
});

test("progress counts the texts that are done", async () => {
  const calls: [number, number][] = [];
  await model.encode(texts, { batchSize: 1, onProgress: (done, total) => calls.push([done, total]) });
  assert.deepEqual(calls, [
    [1, 4],
    [2, 4],
    [3, 4],
    [4, 4],
  ]);
});

test("an aborted signal ends encoding with its reason, and the model goes on working", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  let done = 0;
  const work = model.encode(new Array(50).fill("a text to embed"), {
    batchSize: 1,
    signal: controller.signal,
    onProgress: (count) => {
      done = count;
      if (count === 3) controller.abort(reason);
    },
  });
  await assert.rejects(work, reason);
  assert.equal(done, 3);
  assert.equal((await model.encode(["still"]))[0]!.length, model.getEmbeddingDimension());
  await assert.rejects(model.encode("a", { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("long work lets the event loop turn", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const started = performance.now();
  await model.encode(new Array(400).fill(texts[1]!.repeat(5)));
  const elapsed = performance.now() - started;
  clearInterval(timer);
  assert.ok(elapsed > 60, `the premise is that the work takes longer than a few stretches: ${elapsed} ms`);
  assert.ok(turns >= 3, `${turns} turns in ${elapsed} ms`);
});

test("calls at the same time do not disturb each other", async () => {
  const alone = await model.encode(texts);
  const results = await Promise.all(Array.from({ length: 5 }, () => model.encode(texts, { batchSize: 1 })));
  for (const result of results) assert.deepEqual(result, alone);
});

test("a disposed model says so, after the running call has ended well", async () => {
  const own = await SentenceTransformer.load(modelFolder("bert-mean"));
  const running = own.encode("a");
  const end = running.then(() => own.dispose());
  await Promise.all([running, end]);
  await own.dispose();
  await assert.rejects(own.encode("a"), /encode: this model has been disposed of/);
});

test("a model of modules gives what the folder gives", async () => {
  const transformer = await Transformer.fromPretrained(modelFolder("bert-mean"));
  const embeddingDimension = transformer.embeddingDimension;
  const weight = Float32Array.from({ length: 3 * embeddingDimension }, (_, i) => Math.sin(i));
  const dense = await Dense.fromWeights(
    { inFeatures: embeddingDimension, outFeatures: 3, bias: false, activationFunction: "Identity" },
    { weight },
    transformer.backend,
  );
  const custom = new SentenceTransformer({
    modules: [transformer, new Pooling({ embeddingDimension }), dense, new Normalize()],
    prompts: { query: "query: " },
  });
  assert.equal(custom.getEmbeddingDimension(), 3);
  const [pooled] = await model.encode([`query: ${texts[1]}`]);
  const projected = [0, 1, 2].map((row) =>
    pooled!.reduce((sum, value, i) => sum + value * weight[row * embeddingDimension + i]!, 0),
  );
  const length = Math.hypot(...projected);
  const actual = await custom.encodeQuery(texts[1]!);
  for (const [i, value] of actual.entries()) assert.ok(Math.abs(value - projected[i]! / length) < 1e-6);
  await custom.dispose();
});

test("loading reports its progress in bytes, and can be aborted", async () => {
  const events: number[] = [];
  const own = await SentenceTransformer.load(modelFolder("bert-mean"), {
    progress: ({ status, loaded, total }) => {
      assert.equal(status, "loading");
      assert.ok(loaded <= total);
      events.push(loaded / total);
    },
  });
  assert.equal(events.at(-1), 1);
  await own.dispose();
  await assert.rejects(SentenceTransformer.load(modelFolder("bert-mean"), { signal: AbortSignal.abort() }), {
    name: "AbortError",
  });
});

test("a model loads from anything that has its files", async () => {
  const expected = await model.encode("one");
  for (const source of [
    ModelFiles.ofFixture("bert-mean").source,
    new URL(`file://${modelFolder("bert-mean")}`),
  ]) {
    const own = await SentenceTransformer.load(source);
    assert.deepEqual(await own.encode("one"), expected);
    await own.dispose();
  }
  await assert.rejects(SentenceTransformer.load("./no-such-folder"), { name: "FileError" });
  await assert.rejects(SentenceTransformer.load(3 as never), ArgumentError);
  await assert.rejects(SentenceTransformer.load(modelFolder("bert-mean"), { device: "cuda" as never }), {
    name: "UnsupportedError",
    message: 'device "cuda" is not supported; known: "cpu"',
  });
  await assert.rejects(
    SentenceTransformer.load(modelFolder("bert-mean"), { backend: "fast" as never }),
    ArgumentError,
  );
});
