/** encodeStream: the numbers of encode, in order, in bounded memory; and countTokens. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ArgumentError, SentenceTransformer, type StreamedEmbedding, Tensor, util } from "../../src/index.ts";
import { modelFolder } from "../helpers/fixtures.ts";

const texts = Array.from({ length: 45 }, (_, i) => `text ${i} ${"word ".repeat((i * 7) % 11)}`);

const model = await SentenceTransformer.load(modelFolder("bert-mean"), { threads: 1 });
const expected = await model.encode(texts);

async function collect(stream: AsyncIterable<StreamedEmbedding>): Promise<StreamedEmbedding[]> {
  const results: StreamedEmbedding[] = [];
  for await (const result of stream) results.push(result);
  return results;
}

async function* arriving(list: readonly string[], pause = 0): AsyncGenerator<string, void, undefined> {
  for (const text of list) {
    if (pause > 0) await sleep(pause);
    yield text;
  }
}

for (const batchSize of [1, 2, 32]) {
  test(`every text comes out in order, bit for bit as from encode; batches of ${batchSize}`, async () => {
    for (const source of [texts, new Set(texts), arriving(texts)]) {
      const results = await collect(model.encodeStream(source, { batchSize }));
      assert.deepEqual(
        results.map(({ index, text }) => [index, text]),
        texts.map((text, index) => [index, text]),
      );
      assert.deepEqual(
        results.map(({ embedding }) => embedding),
        expected,
      );
    }
  });
}

test("the options of encode count", async () => {
  const options = { prompt: "query: ", normalizeEmbeddings: true, truncateDim: 9 };
  const results = await collect(model.encodeStream(texts, options));
  assert.deepEqual(
    results.map(({ embedding }) => embedding),
    await model.encode(texts, options),
  );
  const bits: Int8Array[] = [];
  for await (const { embedding } of model.encodeStream(texts, { precision: "binary" })) bits.push(embedding);
  assert.deepEqual(bits, util.quantizeEmbeddings(expected, "binary"));
});

test("int8 needs ranges, because a stream never has all embeddings", async () => {
  assert.throws(() => model.encodeStream(texts, { precision: "int8" }), {
    code: "ranges-required",
    subject: "precision",
  });
  const dimension = model.getEmbeddingDimension();
  const quantizationRanges = Tensor.from(
    Float32Array.from({ length: 2 * dimension }, (_, i) => (i < dimension ? -3 : 3)),
    [2, dimension],
  );
  const options = { precision: "uint8", quantizationRanges } as const;
  const results: Uint8Array[] = [];
  for await (const { embedding } of model.encodeStream(texts, options)) results.push(embedding);
  assert.deepEqual(results, await model.encode(texts, options));
});

test("no more than eight batches are read ahead of the consumer", async () => {
  let read = 0;
  function* source() {
    for (;;) yield `text ${read++}`;
  }
  let received = 0;
  for await (const { index } of model.encodeStream(source(), { batchSize: 2 })) {
    received = index + 1;
    assert.ok(read <= Math.ceil(received / 16) * 16, `${read} read when ${received} were received`);
    if (received === 50) break;
  }
  assert.equal(received, 50);
});

test("an embedding holds no memory but its own", async () => {
  for await (const { embedding } of model.encodeStream(texts.slice(0, 3))) {
    assert.equal(embedding.buffer.byteLength, embedding.byteLength);
  }
});

test("texts that trickle in come out without waiting for a full window", async () => {
  let sent = 0;
  let ended = false;
  async function* slowly() {
    for (const text of texts.slice(0, 3)) {
      sent++;
      yield text;
      await sleep(120);
    }
    ended = true;
  }
  const stream = model.encodeStream(slowly());
  const first = await stream.next();
  assert.equal(first.value?.index, 0);
  assert.ok(sent < 3 && !ended);
  assert.deepEqual(
    (await collect(stream)).map(({ index }) => index),
    [1, 2],
  );
});

test("a consumer that breaks out closes the source", async () => {
  for (const kind of ["sync", "async"] as const) {
    let closed = false;
    const source = {
      *sync() {
        try {
          yield* texts;
        } finally {
          closed = true;
        }
      },
      async *async() {
        try {
          yield* texts;
        } finally {
          await sleep(1);
          closed = true;
        }
      },
    };
    for await (const { index } of model.encodeStream(source[kind](), { batchSize: 1 })) {
      if (index === 3) break;
    }
    assert.equal(closed, true, kind);
  }
});

test("a consumer can break out while the source makes wait for ever", async () => {
  let closing = false;
  const source: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => {
      let count = 0;
      return {
        next: () =>
          count++ < 2
            ? Promise.resolve({ done: false, value: "a text" })
            : new Promise<IteratorResult<string>>(() => {}),
        return: () => {
          closing = true;
          return new Promise<IteratorResult<string>>(() => {});
        },
      };
    },
  };
  for await (const { index } of model.encodeStream(source)) if (index === 1) break;
  assert.equal(closing, true);

  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = collect(model.encodeStream(source, { signal: controller.signal }));
  setTimeout(() => controller.abort(reason), 60);
  await assert.rejects(waiting, reason);
});

test("an aborted signal ends the stream with its reason and closes the source", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  let closed = false;
  let read = 0;
  function* source() {
    try {
      for (;;) {
        read++;
        yield "a text";
      }
    } finally {
      closed = true;
    }
  }
  let received = 0;
  await assert.rejects(async () => {
    for await (const _ of model.encodeStream(source(), { batchSize: 1, signal: controller.signal })) {
      if (++received === 8) controller.abort(reason);
    }
  }, reason);
  assert.equal(received, 8);
  assert.equal(read, 8);
  assert.equal(closed, true);
});

test("an error of the source comes out after what it gave, and does not close it", async () => {
  const reason = new Error("the disk is gone");
  let closed = 0;
  for (const failing of [
    { next: () => Promise.reject(reason), return: () => Promise.resolve(closed++) },
    {
      next: () => {
        throw reason;
      },
      return: () => closed++,
    },
  ]) {
    const source = { [Symbol.asyncIterator]: () => failing } as unknown as AsyncIterable<string>;
    await assert.rejects(collect(model.encodeStream(source)), reason);
  }
  assert.equal(closed, 0);
});

test("an error while closing does not hide the error that closes", async () => {
  function* source() {
    try {
      yield 3;
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: it is what this test is about
      throw new Error("cannot be closed");
    }
  }
  await assert.rejects(collect(model.encodeStream(source() as never)), ArgumentError);
});

test("what is not a source of texts is refused with its place", async () => {
  for (const wrong of ["one text", 3, null, {}]) {
    assert.throws(() => model.encodeStream(wrong as never), ArgumentError);
  }
  assert.throws(() => model.encodeStream(texts, { batchSize: 0 }), /batchSize/);
  assert.throws(() => model.encodeStream(texts, { promptName: "nope" }), /no prompt "nope"/);
  let closed = false;
  function* mixed() {
    try {
      yield "a";
      yield 3;
    } finally {
      closed = true;
    }
  }
  await assert.rejects(
    collect(model.encodeStream(mixed() as never)),
    /encodeStream: expected a string at index 1, got number/,
  );
  assert.equal(closed, true);
});

test("no texts give no embeddings", async () => {
  assert.deepEqual(await collect(model.encodeStream([])), []);
  assert.deepEqual(await collect(model.encodeStream(arriving([]))), []);
});

test("countTokens says whether encode cuts a text", async () => {
  const own = await SentenceTransformer.load(modelFolder("bert-mean"), {
    maxSeqLength: 12,
    prompts: { query: "q q q " },
  });
  for (let words = 0; words < 15; words++) {
    const text = "river ".repeat(words);
    for (const options of [{}, { promptName: "query" }, { prompt: "a " }]) {
      const features = await own.encode(text, { ...options, outputValue: null });
      const count = own.countTokens(text, options);
      assert.equal(Math.min(count, 12), features.inputIds.length);
      assert.equal(count > 12, features.truncated);
      const [streamed] = await collect(own.encodeStream([text], options));
      assert.equal(streamed!.truncated, features.truncated);
    }
  }
  own.defaultPromptName = "query";
  assert.equal(own.countTokens("river"), own.countTokens("river", { prompt: "q q q " }));
  assert.throws(() => own.countTokens(3 as never), /countTokens: expected a string, got number/);
  await own.dispose();
});

test("a static model's tokens are counted as it has them: without special tokens, and all", async () => {
  for (const name of ["static-embedding", "static-model2vec"]) {
    const own = await SentenceTransformer.load(modelFolder(name));
    for (const text of ["river", "the river flows and flows and flows and flows"]) {
      const { inputIds, truncated } = await own.encode(text, { outputValue: null });
      const count = own.countTokens(text);
      assert.equal(count > inputIds.length, truncated);
      if (!truncated) assert.equal(count, inputIds.length);
    }
    await own.dispose();
  }
});

test("nothing comes out after an abort, not even what was computed already", async () => {
  const controller = new AbortController();
  const seen: number[] = [];
  const reading = async () => {
    for await (const { index } of model.encodeStream(texts, { signal: controller.signal })) {
      seen.push(index);
      if (index === 2) controller.abort(new Error("enough"));
    }
  };
  await assert.rejects(reading(), /^Error: enough$/);
  assert.deepEqual(seen, [0, 1, 2]);
});
