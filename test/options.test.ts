/** Every function that takes options reports those that do not exist, by the name that is meant. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as sentensor from "../src/index.ts";
import { createJsBackend } from "../src/tensor/backend/js/js-backend.ts";
import { modelFolder } from "./helpers/fixtures.ts";

const {
  AutoModel,
  AutoTokenizer,
  Dense,
  HttpSource,
  Normalize,
  Pooling,
  SentenceTransformer,
  Transformer,
  util,
} = sentensor;

const folder = modelFolder("demo-en");
const temporary = mkdtempSync(join(tmpdir(), "sentensor-options-"));
const model = await SentenceTransformer.load(folder, { threads: 1 });
const tokenizer = await AutoTokenizer.fromPretrained(folder);
const bert = await AutoModel.fromPretrained(folder, { threads: 1 });
const pool = await model.startMultiProcessPool(["cpu"]);
const inputs = tokenizer("a text");
const vectors = [Float32Array.of(1, 0), Float32Array.of(0, 1)];
const npy = await util.encodeEmbeddings({ embeddings: vectors }, "npy");
const file = (name: string) => join(temporary, name);
await util.saveEmbeddings(file("saved.npy"), { embeddings: vectors });

after(async () => {
  await model.dispose();
  bert.dispose();
  rmSync(temporary, { recursive: true, force: true });
});

/** Options that a caller in JavaScript may pass. */
// biome-ignore lint/suspicious/noExplicitAny: each call takes another type, and must look at what it gets
type Given = any;
type Call = (options: Given) => unknown;

/** By the exported type of the options: a call of each function that takes them, with what else it needs. */
const calls: Readonly<Record<string, readonly Call[]>> = {
  AutoModelOptions: [(options) => AutoModel.fromPretrained(folder, options)],
  AutoTokenizerOptions: [(options) => AutoTokenizer.fromPretrained(folder, options)],
  ChunkTextOptions: [
    (options) => util.chunkText("a text", model, options),
    (options) => util.chunkSpans("a text", model, options),
  ],
  CommunityDetectionAsyncOptions: [(options) => util.communityDetectionAsync(vectors, options)],
  CommunityDetectionOptions: [(options) => util.communityDetection(vectors, options)],
  CountOptions: [(options) => model.countTokens("a text", options)],
  CountTokensOptions: [(options) => tokenizer.countTokens("a text", options)],
  DecodeEmbeddingsOptions: [(options) => util.decodeEmbeddings(npy, "npy", options)],
  DecodeOptions: [
    (options) => tokenizer.decode([101], options),
    (options) => tokenizer.decodeBatch([[101]], options),
  ],
  DenseOptions: [
    (options) =>
      Dense.fromWeights(
        { inFeatures: 1, outFeatures: 1, bias: false, ...options },
        { weight: Float32Array.of(1) },
        createJsBackend(),
      ),
  ],
  DenseParameters: [
    (options) =>
      Dense.fromWeights(
        { inFeatures: 1, outFeatures: 1, bias: false },
        { weight: Float32Array.of(1), ...options },
        createJsBackend(),
      ),
  ],
  EmbeddingWriterOptions: [
    async (options) => await (await util.openEmbeddingWriter(file("new.jsonl"), options)).close(),
  ],
  EmbeddingsToAppend: [
    async (options) => {
      const writer = await util.openEmbeddingWriter(file("appended.npy"));
      try {
        await writer.append({ embeddings: vectors, ...options });
      } finally {
        await writer.close();
      }
    },
  ],
  EmbeddingsToSave: [
    (options) => util.saveEmbeddings(file("a.jsonl"), { embeddings: vectors, ...options }),
    (options) => util.appendEmbeddings(file("b.jsonl"), { embeddings: vectors, ...options }),
    (options) => util.encodeEmbeddings({ embeddings: vectors, ...options }, "jsonl"),
  ],
  EncodeOptions: [
    (options) => model.encode("a text", options),
    (options) => model.encode(["a text"], options),
    (options) => model.encode("a text", { ...options, outputValue: null }),
    (options) => model.encode("a text", { ...options, convertToTensor: true }),
    (options) => model.encode("a text", { ...options, outputValue: "token_embeddings" }),
    (options) => model.encode(["a text"], { ...options, pool }),
    (options) => model.encodeQuery("a text", options),
    (options) => model.encodeDocument("a text", options),
    (options) => model.encodeMultiProcess(["a text"], pool, options),
  ],
  EncodeIdsOptions: [(options) => tokenizer.encodeIds("a text", options)],
  HttpSourceOptions: [(options) => new HttpSource("http://localhost/model", options)],
  LoadEmbeddingsOptions: [(options) => util.loadEmbeddings(file("saved.npy"), options)],
  LoadOptions: [async (options) => await (await SentenceTransformer.load(folder, options)).dispose()],
  ModelCallOptions: [(options) => bert(inputs, options)],
  ModelInputs: [(options) => bert({ ...inputs, ...options })],
  NormalizeOptions: [(options) => new Normalize(options)],
  ParaphraseMiningEmbeddingsOptions: [(options) => util.paraphraseMiningEmbeddings(vectors, options)],
  ParaphraseMiningOptions: [(options) => util.paraphraseMining(model, ["a", "b"], options)],
  PoolingOptions: [(options) => new Pooling({ embeddingDimension: 4, ...options })],
  QuantizeOptions: [(options) => util.quantizeEmbeddings(vectors, "ubinary", options)],
  SaveOptions: [(options) => model.save(file("model"), options)],
  SemanticSearchAsyncOptions: [(options) => util.semanticSearchAsync(vectors, vectors, options)],
  SemanticSearchOptions: [(options) => util.semanticSearch(vectors, vectors, options)],
  SentenceTransformerOptions: [(options) => new SentenceTransformer({ modules: model.modules, ...options })],
  StreamOptions: [
    async (options) => {
      for await (const { index } of model.encodeStream(["a text"], options)) assert.equal(index, 0);
    },
  ],
  TokenizerCallOptions: [(options) => tokenizer("a text", options)],
  TokenizerEncodeBatchOptions: [(options) => tokenizer.encodeBatch(["a text"], options)],
  TokenizerEncodeOptions: [(options) => tokenizer.encode("a text", options)],
  TokenizerSettings: [(options) => tokenizer.withSettings(options)],
  TransformerOptions: [async (options) => (await Transformer.fromPretrained(folder, options)).dispose()],
};

/** The error of a call, thrown at once or by its promise. */
async function errorOf(call: Call, options: Given): Promise<Given> {
  try {
    await call(options);
  } catch (error) {
    return error;
  }
  return undefined;
}

async function assertUnknown(call: Call, options: Given, subject: string, message: RegExp, what: string) {
  const error = await errorOf(call, options);
  assert.ok(error instanceof sentensor.ArgumentError, `${what}: ${subject} is reported, got ${error}`);
  assert.deepEqual([error.code, error.subject], ["unknown-option", subject], what);
  assert.match(error.message, message, what);
}

test("all exported types of options are looked at below", () => {
  const index = readFileSync("src/index.ts", "utf8");
  const exported = new Set(
    index.replace(/\w+ as /g, "").match(/\b\w+(?:Options|ToSave|ToAppend|Inputs|Parameters|Settings)\b/g),
  );
  // Parts of others, or narrower forms of `EncodeOptions` for its overloads.
  const parts = ["BackendOptions", "FeatureOptions", "ModelOptions", "PromptChoice", "ScoringOptions"];
  const forms = ["SourceOptions", "TensorOptions", "TokenOptions", "VectorOptions"];
  for (const name of [...parts, ...forms]) exported.delete(name);
  assert.deepEqual([...exported].sort(), Object.keys(calls).sort());
});

for (const [type, list] of Object.entries(calls)) {
  test(`${type}: unknown options are reported, and undefined is none`, async () => {
    for (const call of list) {
      assert.equal(await errorOf(call, {}), undefined, "the premise: the call works");
      await assertUnknown(call, { bogus_thing: 1 }, "bogus_thing", /unknown option "bogus_thing"; /, type);
      await assertUnknown(call, { bogusThing: null }, "bogusThing", /./, type);
      assert.equal(await errorOf(call, { bogus_thing: undefined }), undefined, "undefined");
    }
  });
}

/** Options of one kind wherever there are such, and how many of the calls above must at least have them. */
const kinds = { signal: 12, progress: 4, onProgress: 9, fetch: 1, onWarning: 1 };

for (const [option, least] of Object.entries(kinds)) {
  test(`${option}: what cannot be one is reported before anything is done`, async () => {
    let known = 0;
    for (const [type, list] of Object.entries(calls)) {
      for (const call of list) {
        const error = await errorOf(call, { [option]: {} });
        assert.ok(error instanceof sentensor.ArgumentError, `${type}: got ${error}`);
        assert.equal(error.subject, option, type);
        if (error.code === "unknown-option") continue;
        known++;
        assert.match(error.message, /: expected (a function|an AbortSignal), got an object$/, type);
      }
    }
    assert.ok(known >= least, `${known} calls have it`);
  });
}

test("known options may be undefined everywhere: the default holds", async () => {
  const known = [
    ...["promptName", "prompt", "task", "batchSize", "showProgressBar", "onProgress", "normalizeEmbeddings"],
    ...["truncateDim", "precision", "quantizationRanges", "signal", "outputValue", "convertToTensor", "pool"],
    ...["device", "chunkSize"],
  ];
  const nothing = Object.fromEntries(known.map((name) => [name, undefined]));
  for (const method of ["encode", "encodeQuery", "encodeDocument"] as const) {
    assert.deepEqual(await model[method]("a text", nothing), await model[method]("a text"), method);
  }
  const dense = await Dense.fromWeights(
    { inFeatures: 1, outFeatures: 1, bias: undefined, activationFunction: undefined, useResidual: undefined },
    { weight: Float32Array.of(1), bias: Float32Array.of(0) },
    createJsBackend(),
  );
  assert.equal(dense.options.activationFunction, "Tanh");
  const settings = { modelMaxLength: undefined, paddingSide: undefined } as Given;
  assert.equal(tokenizer.withSettings(settings).modelMaxLength, tokenizer.modelMaxLength);
});

const encode: Call = (options) => model.encode("a text", options);
const load: Call = (options) => SentenceTransformer.load("no such model anywhere", options);
const search: Call = (options) => util.semanticSearch(vectors, vectors, options);
const call: Call = (options) => tokenizer("a text", options);

/** [call, option, what the message says]. */
const meanings: readonly (readonly [name: string, call: Call, option: string, said: string])[] = [
  ...(
    [
      ["normalize", '"normalizeEmbeddings"'],
      ["normalize_embeddings", '"normalizeEmbeddings"'],
      ["normalizeEmbedings", '"normalizeEmbeddings"'],
      ["batch_size", '"batchSize"'],
      ["batchsize", '"batchSize"'],
      ["bacthSize", '"batchSize"'],
      ["prompt_name", '"promptName"'],
      ["convert_to_tensor", '"convertToTensor"'],
      ["convert_to_numpy", "typed arrays"],
      ["output_value", '"outputValue"'],
      ["show_progress_bar", '"showProgressBar"'],
      ["quantize", '"precision"'],
      ["pooling", "pooling comes from the model's files"],
      ["dimensions", '"truncateDim"'],
      ["abortSignal", '"signal"'],
      ["sentences", "first argument"],
      ["threads", '"threads" is an option of load'],
      ["cache_dir", '"cacheFolder" is an option of load'],
      ["top_k", '"topK" is an option of semanticSearch'],
      ["xyz", "known: promptName, prompt, "],
    ] as const
  ).map(([option, said]) => ["encode", encode, option, said] as const),
  ...(
    [
      ["quantized", '"dtype"'],
      ["cache_dir", '"cacheFolder"'],
      ["cacheDir", '"cacheFolder"'],
      ["cache_folder", '"cacheFolder"'],
      ["progress_callback", '"progress"'],
      ["onProgress", '"progress"'],
      ["local_files_only", '"localFilesOnly"'],
      ["model_name_or_path", "first argument"],
      ["trust_remote_code", "neither needed nor available"],
      ["use_auth_token", '"token"'],
      ["max_seq_length", '"maxSeqLength"'],
      ["maxLength", '"maxSeqLength"'],
      ["model_kwargs", "options of their own"],
      ["session_options", "no ONNX session"],
      ["normalizeEmbeddings", "option of encode"],
      ["revison", '"revision"'],
    ] as const
  ).map(([option, said]) => ["load", load, option, said] as const),
  ...(
    [
      ["top_k", '"topK"'],
      ["topk", '"topK"'],
      ["limit", '"topK"'],
      ["score_function", '"scoreFunction"'],
      ["corpus_chunk_size", '"corpusChunkSize"'],
    ] as const
  ).map(([option, said]) => ["semanticSearch", search, option, said] as const),
  ...(
    [
      ["max_length", '"maxLength"'],
      ["return_tensors", "always gives tensors"],
      ["return_tensor", "always gives tensors"],
      ["add_special_tokens", '"addSpecialTokens"'],
      ["pad_to_multiple_of", '"padToMultipleOf"'],
    ] as const
  ).map(([option, said]) => ["tokenizer", call, option, said] as const),
  ["Pooling", (o) => new Pooling({ embeddingDimension: 4, ...o }), "pooling_mode", '"poolingMode"'],
  ["Pooling", (o) => new Pooling({ ...o }), "word_embedding_dimension", '"embeddingDimension"'],
  ["model", (o) => bert({ ...inputs, ...o }), "attention_mask", '"attentionMask"'],
  [
    "saveEmbeddings",
    (o) => util.saveEmbeddings("x.npy", { embeddings: vectors, ...o }),
    "texts",
    '"sentences"',
  ],
];

for (const [name, run, option, said] of meanings) {
  test(`${name}({ ${option} }): the message says ${said}`, async () => {
    const error = await errorOf(run, { [option]: 4 });
    assert.ok(error instanceof sentensor.ArgumentError, `got ${error}`);
    assert.deepEqual([error.code, error.subject], ["unknown-option", option]);
    assert.ok(error.message.includes(said), error.message);
    assert.ok(error.message.startsWith(`${name}: unknown option "${option}"; `), error.message);
  });
}

test("options count however an object has them: accessors, inherited, without a prototype", async () => {
  const expected = await model.encode("a text", { normalizeEmbeddings: true, truncateDim: 5 });
  class Options {
    get normalizeEmbeddings() {
      return true;
    }
    truncateDim = 5;
    unrelated() {}
  }
  let reads = 0;
  const accessors = {
    get normalizeEmbeddings() {
      reads++;
      return true;
    },
    truncateDim: 5,
  };
  const bare = Object.assign(Object.create(null), { normalizeEmbeddings: true, truncateDim: 5 });
  const inherited = Object.create({ normalizeEmbeddings: true, truncateDim: 5 });
  for (const options of [new Options(), accessors, bare, inherited]) {
    assert.deepEqual(await model.encode("a text", options), expected);
    assert.deepEqual(await model.encodeQuery("a text", options), expected);
    assert.deepEqual(await model.encodeMultiProcess(["a text"], pool, options), [expected]);
    for await (const { embedding } of model.encodeStream(["a text"], options)) {
      assert.deepEqual(embedding, expected);
    }
  }
  assert.ok(reads > 0);
  for (const options of [
    Object.assign(Object.create(null), { batch_size: 1 }),
    Object.create({ batch_size: 1 }),
    Object.defineProperty({}, "batch_size", { get: () => 1, enumerable: true }),
    new (class {
      batch_size = 1;
    })(),
  ]) {
    await assertUnknown(encode, options, "batch_size", /"batchSize"/, "encode");
  }
});

test("what is no object of options is an argument in the wrong place", async () => {
  for (const options of [
    ...[
      null,
      4,
      "batchSize",
      true,
      [],
      ["query"],
      vectors[0],
      new Map([["batchSize", 4]]),
      Promise.resolve({}),
    ],
    ...[new AbortController().signal, pool],
  ]) {
    const error = await errorOf(encode, options);
    assert.ok(error instanceof sentensor.ArgumentError, `${String(options)}: got ${error}`);
  }
});

test("a library that adds to every object does not break options", async () => {
  const everything: Given = Object;
  everything.prototype.addedByOthers = 1;
  try {
    assert.equal(await errorOf(encode, { batchSize: 4 }), undefined);
  } finally {
    delete everything.prototype.addedByOthers;
  }
});

test("numbers of options that no text can show are reported like others", async () => {
  const number = Symbol("one") as Given;
  const wrong: Readonly<Record<string, Call>> = {
    threads: () => SentenceTransformer.load(folder, { threads: number }),
    maxSeqLength: () => SentenceTransformer.load(folder, { maxSeqLength: number }),
    batchSize: () => model.encode("a text", { batchSize: number }),
    truncateDim: () => model.encode("a text", { truncateDim: number }),
    embeddingDimension: () => new Pooling({ embeddingDimension: number }),
    maxLength: () => tokenizer("a text", { maxLength: number, truncation: true }),
    topK: () => util.semanticSearch(vectors, vectors, { topK: number }),
    chunkSize: () => model.encode(["a text"], { pool, chunkSize: number }),
  };
  for (const [option, run] of Object.entries(wrong)) {
    const error = await errorOf(run, {});
    assert.ok(error instanceof sentensor.ArgumentError, `${option}: got ${error}`);
    assert.equal(error.subject, option);
  }
});
