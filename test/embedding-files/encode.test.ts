import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeEmbeddings, encodeEmbeddings } from "../../src/embedding-files/encode.ts";
import type { EmbeddingFormat } from "../../src/embedding-files/format.ts";
import { loadEmbeddings } from "../../src/embedding-files/save.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { anyText } from "../helpers/text.ts";
import { awkwardSentences, expected, fixturePath, someEmbeddings } from "./support.ts";

const floats = expected.floats.map((row) => Float32Array.from(row));
const signed = expected.int8.map((row) => Int8Array.from(row));
const unsigned = expected.uint8.map((row) => Uint8Array.from(row));

for (const format of ["safetensors", "jsonl"] as const) {
  test(`${format}: everything comes back as it was`, async () => {
    const about = { model: "a/b", prompt: "query: ", metadata: { "": "x", ä: "ö", __proto__2: "" } };
    for (const embeddings of [floats, signed, unsigned]) {
      for (const sentences of [undefined, expected.sentences]) {
        const bytes = await encodeEmbeddings({ embeddings, sentences, ...about }, format);
        assert.deepEqual(await decodeEmbeddings(bytes, format), { embeddings, sentences, ...about });
      }
    }
  });

  test(`${format}: sentences may contain anything`, async () => {
    const embeddings = awkwardSentences.map((_, i) => Float32Array.of(i));
    const bytes = await encodeEmbeddings({ embeddings, sentences: awkwardSentences }, format);
    assert.deepEqual((await decodeEmbeddings(bytes, format)).sentences, awkwardSentences);
    await fc.assert(
      fc.asyncProperty(anyText(), async (sentence) => {
        const one = await encodeEmbeddings({ embeddings: [1], sentences: [sentence] }, format);
        assert.deepEqual((await decodeEmbeddings(one, format)).sentences, [sentence]);
      }),
      { numRuns: 50 },
    );
  });
}

for (const format of ["safetensors", "npy", "jsonl"] as const) {
  test(`${format}: every f32 comes back bit by bit`, async () => {
    const bits = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(bits, async (values) => {
        const vector = new Float32Array(Uint32Array.from(values).buffer);
        if (format === "jsonl" && !vector.every(Number.isFinite)) return;
        const bytes = await encodeEmbeddings({ embeddings: vector }, format);
        const { embeddings } = await decodeEmbeddings(bytes, format);
        const read = embeddings[0] as Float32Array;
        assert.deepEqual(
          new Uint32Array(read.buffer, read.byteOffset, read.length),
          new Uint32Array(vector.buffer),
        );
      }),
      { examples: [[[0x8000_0000, 1, 0x8000_0001, 0x7f7f_ffff, 0x0080_0000]]] },
    );
  });

  test(`${format}: a tensor where one is asked for`, async () => {
    const bytes = await encodeEmbeddings({ embeddings: Tensor.from([1, 2, 3, 4, 5, 6], [3, 2]) }, format);
    const { embeddings } = await decodeEmbeddings(bytes, format, { convertToTensor: true });
    assert.deepEqual(embeddings.toArray(), [
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });

  test(`${format}: no vectors, and several pieces of them`, async () => {
    const none = await encodeEmbeddings({ embeddings: [] }, format);
    assert.deepEqual((await decodeEmbeddings(none, format)).embeddings, []);
    const { embeddings } = someEmbeddings(1, format === "jsonl" ? 400 : 2700, 400);
    const bytes = await encodeEmbeddings({ embeddings }, format);
    assert.ok(
      bytes.length > (format === "jsonl" ? 2 ** 20 : 2 ** 22),
      "the premise needs more than one piece",
    );
    assert.deepEqual((await decodeEmbeddings(bytes, format)).embeddings, embeddings);
  });
}

for (const [name, embeddings] of [
  ["f4", floats],
  ["f2", floats],
  ["bf16", floats],
  ["f8", floats],
  ["i1", signed],
  ["u1", unsigned],
] as const) {
  test(`${name}.safetensors of Python's safetensors ${expected.oracle.safetensors} is read`, async () => {
    assert.deepEqual(await loadEmbeddings(fixturePath(`${name}.safetensors`)), {
      embeddings,
      sentences: expected.sentences,
      model: "some/model",
      prompt: undefined,
      metadata: {},
    });
  });
}

test("a quantized tensor of .safetensors in several pieces", async () => {
  const rows = 2 ** 20;
  const values = Int8Array.from({ length: 5 * rows }, (_, i) => (i * 31) % 251);
  const bytes = await encodeEmbeddings({ embeddings: Tensor.from(values, [rows, 5]) }, "safetensors");
  const { embeddings } = await decodeEmbeddings(bytes, "safetensors", { convertToTensor: true });
  assert.deepEqual(embeddings.shape, [rows, 5]);
  assert.equal(
    (embeddings.data as Int8Array).findIndex((value, i) => value !== values[i]),
    -1,
  );
});

test("the layout of .safetensors is the one that is described", async () => {
  const bytes = await encodeEmbeddings(
    { embeddings: [[1], [2]], sentences: ["a", "é"], model: "m" },
    "safetensors",
  );
  const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assert.equal(8 + headerLength, 4096);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 4096))), {
    __metadata__: { model: "m", sentensor: "embeddings 1" },
    embeddings: { dtype: "F32", shape: [2, 1], data_offsets: [0, 8] },
    sentences: { dtype: "U8", shape: [9], data_offsets: [8, 17] },
  });
  assert.deepEqual(new Float32Array(bytes.slice(4096, 4104).buffer), Float32Array.of(1, 2));
  assert.equal(new TextDecoder().decode(bytes.subarray(4104)), '"a"\n"é"\n');
});

test("the layout of .jsonl is the one that is described", async () => {
  const text = async (content: Parameters<typeof encodeEmbeddings>[0]) =>
    new TextDecoder().decode(await encodeEmbeddings(content, "jsonl"));
  assert.equal(
    await text({ embeddings: [[0.1, -2]], sentences: ["a\n"] }),
    '{"sentence":"a\\n","embedding":[0.100000001,-2]}\n',
  );
  assert.equal(
    await text({ embeddings: [Int8Array.of(-1)], model: "m" }),
    '{"dtype":"int8","metadata":{"model":"m"}}\n{"embedding":[-1]}\n',
  );
});

const bytesOf = (text: string) => new TextEncoder().encode(text);

for (const [promise, text, message] of [
  ["text that is not JSON", "hello\n", "line 1 is not JSON, or is truncated"],
  ["an empty line", '{"embedding":[1]}\n\n', "line 2 is not JSON, or is truncated"],
  ["a line that is cut off", '{"embedding":[1]}\n{"embedding":[1', "line 2 is not JSON, or is truncated"],
  ["an array", "[1]\n", "line 1: expected an object"],
  ["another object", '{"text":"a"}\n', 'line 1: expected the fields dtype and metadata, found "text"'],
  [
    "a field that is unknown",
    '{"embedding":[1],"id":7}\n',
    'line 1: expected the fields embedding and sentence, found "id"',
  ],
  [
    "no vector in a line",
    '{"embedding":[1]}\n{"sentence":"a"}\n',
    "line 2: embedding: expected an array of numbers",
  ],
  ["a vector without dimensions", '{"embedding":[]}\n', "line 1: embedding: expected an array of numbers"],
  ["a vector of strings", '{"embedding":["1"]}\n', "line 1: embedding: expected an array of numbers"],
  [
    "another dimension",
    '{"embedding":[1]}\n{"embedding":[1,2]}\n',
    "line 2: embedding: expected 1 dimensions, found 2",
  ],
  [
    "a number beyond f32",
    '{"embedding":[1e39]}\n',
    "line 1: embedding: 1e+39 is not a number of type float32",
  ],
  [
    "a number beyond f64",
    '{"embedding":[1e999]}\n',
    "line 1: embedding: Infinity is not a number of type float32",
  ],
  [
    "a fraction as int8",
    '{"dtype":"int8"}\n{"embedding":[1.5]}\n',
    "line 2: embedding: 1.5 is not a number of type int8",
  ],
  [
    "a number beyond uint8",
    '{"dtype":"uint8"}\n{"embedding":[256]}\n',
    "line 2: embedding: 256 is not a number of type uint8",
  ],
  [
    "a sentence too few",
    '{"sentence":"a","embedding":[1]}\n{"embedding":[1]}\n',
    "line 2: sentence: expected a string",
  ],
  [
    "a sentence too many",
    '{"embedding":[1]}\n{"sentence":"a","embedding":[1]}\n',
    "line 2: sentence: the lines before have none",
  ],
  [
    "an unknown type",
    '{"dtype":"int4"}\n',
    'line 1: dtype: expected "float32", "int8" or "uint8", found "\\"int4\\""',
  ],
  ["metadata of numbers", '{"metadata":{"a":1}}\n', 'line 1: metadata "a": expected a string'],
  ["metadata in a list", '{"metadata":[]}\n', "line 1: metadata: expected an object"],
  [
    "a first line that comes second",
    '{"embedding":[1]}\n{"dtype":"int8"}\n',
    'line 2: expected the fields embedding and sentence, found "dtype"',
  ],
] as const) {
  test(`.jsonl with ${promise} is refused`, async () => {
    await assert.rejects(decodeEmbeddings(bytesOf(text), "jsonl", { name: "x.jsonl" }), {
      name: "FormatError",
      message: `x.jsonl: ${message}`,
    });
  });
}

test(".jsonl may lack its last line end, and have those of Windows", async () => {
  const { embeddings } = await decodeEmbeddings(bytesOf('{"embedding":[1]}\r\n{"embedding":[2]}'), "jsonl");
  assert.deepEqual(embeddings, [Float32Array.of(1), Float32Array.of(2)]);
});

test(".jsonl that is not UTF-8 is refused", async () => {
  const bytes = bytesOf('{"embedding":[1]}\n{"sentence":"x"}\n');
  bytes[bytes.length - 5] = 0xff;
  await assert.rejects(decodeEmbeddings(bytes, "jsonl"), {
    name: "FormatError",
    code: "invalid-utf8",
    message: /^embeddings: line 2 /,
  });
});

/** A .safetensors file with this header over `data` bytes. */
function safetensors(header: object, data: Uint8Array): Uint8Array {
  const json = bytesOf(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const vector = { dtype: "F32", shape: [1, 1], data_offsets: [0, 4] };

for (const [promise, header, data, name, message] of [
  ["no embeddings", {}, "", "FormatError", 'no tensor "embeddings"'],
  [
    "the tensors of a model",
    { "encoder.weight": vector },
    "abcd",
    "FormatError",
    'expected the tensors "embeddings" and "sentences", found "encoder.weight"',
  ],
  [
    "embeddings of three axes",
    { embeddings: { ...vector, shape: [1, 1, 1] } },
    "abcd",
    "FormatError",
    'tensor "embeddings": expected [vectors, dimension], found [1, 1, 1]',
  ],
  [
    "vectors without dimensions",
    { embeddings: { ...vector, shape: [1000000000, 0], data_offsets: [0, 0] } },
    "",
    "FormatError",
    'tensor "embeddings" has vectors without dimensions',
  ],
  [
    "integers",
    { embeddings: { ...vector, dtype: "I32" } },
    "abcd",
    "UnsupportedError",
    'tensor "embeddings": I32 is not supported; supported: F32, F16, BF16, F64, I8, U8',
  ],
  [
    "a version that is unknown",
    { __metadata__: { sentensor: "embeddings 2" }, embeddings: vector },
    "abcd",
    "UnsupportedError",
    'expected "embeddings 1" as metadata "sentensor", found "embeddings 2"',
  ],
  [
    "a state that is unknown",
    { __metadata__: { state: "ajar" }, embeddings: vector },
    "abcd",
    "UnsupportedError",
    'the state "ajar" is unknown',
  ],
  [
    "sentences that are not bytes",
    { embeddings: vector, sentences: { dtype: "F32", shape: [1], data_offsets: [4, 8] } },
    "abcdabcd",
    "FormatError",
    'tensor "sentences": expected [bytes] of U8, found [1] of F32',
  ],
  [
    "too few sentences",
    { embeddings: vector, sentences: { dtype: "U8", shape: [0], data_offsets: [4, 4] } },
    "abcd",
    "FormatError",
    "expected 1 sentences, one for each vector, found 0",
  ],
  [
    "too many sentences",
    { embeddings: vector, sentences: { dtype: "U8", shape: [6], data_offsets: [4, 10] } },
    'abcd""\n""\n',
    "FormatError",
    "expected 1 sentences, one for each vector, found more",
  ],
  [
    "a number as sentence",
    { embeddings: vector, sentences: { dtype: "U8", shape: [2], data_offsets: [4, 6] } },
    "abcd7\n",
    "FormatError",
    "line 1: expected a JSON string",
  ],
] as const) {
  test(`.safetensors with ${promise} is refused`, async () => {
    const bytes = safetensors(header, bytesOf(data));
    await assert.rejects(
      decodeEmbeddings(bytes, "safetensors", { name: "x.safetensors" }),
      (error: Error) => {
        assert.equal(error.name, name);
        assert.ok(error.message.endsWith(`x.safetensors: ${message}`), error.message);
        return true;
      },
    );
  });
}

test("what a file cannot hold is refused", async () => {
  const embeddings = [[1, 2]];
  const mistakes: readonly (readonly [object, EmbeddingFormat, string])[] = [
    [
      { embeddings, sentences: [] },
      "jsonl",
      "encodeEmbeddings: expected a sentence for each of 1 vectors, got 0",
    ],
    [
      { embeddings, sentences: [7] },
      "jsonl",
      "encodeEmbeddings: expected a string as sentence 0, got number",
    ],
    [
      { embeddings: [[]] },
      "jsonl",
      "encodeEmbeddings: expected vectors with at least one dimension, got none",
    ],
    [{ embeddings: [[Number.NaN]] }, "jsonl", "vector 0: JSON cannot store NaN and infinities"],
    [
      { embeddings: Tensor.from(Int32Array.of(1, 2)) },
      "npy",
      "encodeEmbeddings: expected float, int8 or uint8 vectors, got int32",
    ],
    [
      { embeddings, sentences: ["a"] },
      "npy",
      "encodeEmbeddings: .npy cannot store sentences; use .safetensors or .jsonl",
    ],
    [
      { embeddings, model: "m", prompt: "p" },
      "npy",
      "encodeEmbeddings: .npy cannot store model, prompt; use .safetensors or .jsonl",
    ],
    [
      { embeddings, metadata: { state: "x" } },
      "jsonl",
      'encodeEmbeddings: metadata cannot have the key "state"',
    ],
    [{ embeddings, model: 7 }, "jsonl", 'encodeEmbeddings: expected Unicode text as "model", got "7"'],
    [
      { embeddings, prompt: "\ud800" },
      "jsonl",
      'encodeEmbeddings: expected Unicode text as "prompt", got "\\ud800"',
    ],
    [
      { embeddings },
      "csv" as "npy",
      'encodeEmbeddings: expected safetensors, npy or jsonl as format, got "csv"',
    ],
  ];
  for (const [content, format, message] of mistakes) {
    await assert.rejects(encodeEmbeddings(content as Parameters<typeof encodeEmbeddings>[0], format), {
      message,
    });
  }
});
