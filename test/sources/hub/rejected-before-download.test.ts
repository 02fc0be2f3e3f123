/**
 * A model that cannot be loaded is rejected before its weights are fetched: all that small files tell is checked first.
 * The hub of these tests counts who asks for weights.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { LoadOptions } from "../../../src/base-model/load-options.ts";
import { AutoModel, SentenceTransformer, Transformer } from "../../../src/index.ts";
import { openBrowserModel } from "../../../src/sources/hub/open-browser.ts";
import type { Files, HubServer } from "../../helpers/hub-server.ts";
import { filesOfFixture, ModelFiles } from "../../helpers/model-files.ts";
import { startHub } from "./setup.ts";

const MODEL = "org/rejected";

interface Case {
  readonly what: string;
  /** The fixture that is changed. */
  readonly of?: string;
  readonly change?: (files: ModelFiles) => unknown;
  readonly options?: LoadOptions;
  readonly code: string;
}

type Change = NonNullable<Case["change"]>;

const edit =
  (path: string, changes: Readonly<Record<string, unknown>>): Change =>
  (files) =>
    files.edit(path, changes);

const without =
  (...paths: string[]): Change =>
  (files) => {
    for (const path of paths) files.remove(path);
  };

const INDEX = "model.safetensors.index.json";

function editIndex(change: (map: Record<string, string>) => void): Change {
  return (files) => {
    const { weight_map } = files.json(INDEX) as { weight_map: Record<string, string> };
    change(weight_map);
    files.edit(INDEX, { weight_map });
  };
}

/** What the encoder's own files say: every loader of weights rejects it. */
const encoderCases: readonly Case[] = [
  {
    what: "an unknown architecture",
    change: edit("config.json", { model_type: "t5" }),
    code: "unknown-model-type",
  },
  {
    what: "an unknown activation",
    change: edit("config.json", { hidden_act: "mish" }),
    code: "unsupported-activation",
  },
  {
    what: "other positions",
    change: edit("config.json", { position_embedding_type: "relative_key" }),
    code: "unsupported-setting",
  },
  { what: "a wrong number", change: edit("config.json", { hidden_size: -1 }), code: "invalid-value" },
  { what: "a broken file", change: (files) => files.write("config.json", "{"), code: "invalid-json" },
  { what: "an adapter", change: edit("adapter_config.json", {}), code: "unsupported-adapter" },
  {
    what: "quantized weights",
    change: edit("config.json", { quantization_config: { quant_method: "gptq" } }),
    code: "unsupported-quantization",
  },
  {
    what: "an index without a tensor of the model",
    of: "bert-sharded",
    change: editIndex((map) => delete map["embeddings.LayerNorm.weight"]),
    code: "missing-tensor",
  },
  {
    what: "an index with a tensor that the model does not use",
    of: "bert-sharded",
    change: editIndex((map) => (map["encoder.extra"] = Object.values(map)[0]!)),
    code: "unused-tensors",
  },
  {
    what: "an index of a shard that is missing",
    of: "bert-sharded",
    change: without("model-00002-of-00003.safetensors"),
    code: "missing-shard",
  },
  {
    what: "an index that leaves the folder",
    of: "bert-sharded",
    change: editIndex((map) => (map["embeddings.LayerNorm.weight"] = "../x")),
    code: "path-outside-folder",
  },
];

const DENSE = "bert-dense-tanh-normalize";

/** What the other files of sentence-transformers say, and options. */
const modelCases: readonly Case[] = [
  {
    what: "an unknown module, the last of four",
    of: DENSE,
    change: (files) => {
      const modules = files.json("modules.json") as { type: string }[];
      modules[3]!.type = "sentence_transformers.models.CNN";
      files.write("modules.json", JSON.stringify(modules));
    },
    code: "unknown-module",
  },
  {
    what: "a first module that takes no text",
    change: (files) => {
      const modules = files.json("modules.json") as object[];
      files.write("modules.json", JSON.stringify(modules.toReversed()));
    },
    code: "invalid-value",
  },
  {
    what: "an unknown activation of a Dense",
    of: DENSE,
    change: edit("2_Dense/config.json", { activation_function: "torch.nn.modules.activation.Mish" }),
    code: "unsupported-activation",
  },
  {
    what: "a Dense without weights",
    of: DENSE,
    change: without("2_Dense/model.safetensors"),
    code: "weights-not-found",
  },
  {
    what: "a Dense of another width",
    of: DENSE,
    change: edit("2_Dense/config.json", { in_features: 5 }),
    code: "width-mismatch",
  },
  {
    what: "an unknown pooling mode",
    change: edit("1_Pooling/config.json", { pooling_mode: "median" }),
    code: "unknown-pooling-mode",
  },
  {
    what: "an unknown setting",
    change: edit("sentence_bert_config.json", { foo: 1 }),
    code: "unknown-setting",
  },
  {
    what: "a limit without room for text",
    change: edit("sentence_bert_config.json", { max_seq_length: 1 }),
    code: "limit-too-small",
  },
  {
    what: "settings of another kind of model",
    change: edit("config_sentence_transformers.json", { model_type: "SparseEncoder" }),
    code: "unsupported-setting",
  },
  {
    what: "a default prompt that is not there",
    change: edit("config_sentence_transformers.json", { default_prompt_name: "nope" }),
    code: "prompt-not-found",
  },
  {
    what: "no tokenizer",
    change: without("tokenizer.json", "tokenizer_config.json"),
    code: "tokenizer-not-found",
  },
  {
    what: "an unknown class of tokenizer",
    change: edit("tokenizer_config.json", { tokenizer_class: "ReformerTokenizer" }),
    code: "unknown-tokenizer-class",
  },
  {
    what: "an unknown component of the tokenizer",
    change: (files) => {
      files.edit("tokenizer.json", { normalizer: { type: "Unheard" } });
      files.edit("tokenizer_config.json", { tokenizer_class: "PreTrainedTokenizerFast" });
    },
    code: "unknown-tokenizer-component",
  },
  {
    what: "a route's unknown module",
    of: "router-saved",
    change: edit("router_config.json", { types: { a: "sentence_transformers.models.CNN" } }),
    code: "unknown-module",
  },
  {
    what: "a route of a module that is not there",
    of: "router-saved",
    change: edit("router_config.json", { structure: { query: ["nope"] } }),
    code: "invalid-value",
  },
  {
    what: "a default route that is not there",
    of: "router-saved",
    change: edit("router_config.json", { parameters: { default_route: "nope" } }),
    code: "route-not-found",
  },
  {
    what: "layers that are not there",
    of: "weighted-layer-pooling",
    change: edit("1_WeightedLayerPooling/config.json", { layer_start: 99 }),
    code: "invalid-value",
  },
  {
    what: "maxSeqLength beyond the positions",
    options: { maxSeqLength: 100_000 },
    code: "max-length-exceeds-positions",
  },
  {
    what: "maxSeqLength without room for text",
    options: { maxSeqLength: 2 },
    code: "max-length-exceeds-positions",
  },
  { what: "an unknown default prompt", options: { defaultPromptName: "nope" }, code: "prompt-not-found" },
  { what: "a truncateDim of -1", options: { truncateDim: -1 }, code: "invalid-argument" },
  {
    what: "an unknown similarity",
    options: { similarityFnName: "cos" as never },
    code: "unknown-similarity-function",
  },
];

function changed({ of = "bert-mean", change }: Case): Files {
  const files = ModelFiles.ofFixture(of);
  change?.(files);
  return files.byPath;
}

/** How many times the content of weights was asked for. */
function weightsAskedFor({ requests }: HubServer): number {
  return requests.filter(
    ({ method, server, url }) => method === "GET" && (server === "cdn" || /\.(safetensors|bin)$/.test(url)),
  ).length;
}

/** Every way to a model of the hub that fetches. */
async function everyWay(
  t: TestContext,
  files: Files,
  load: (model: Parameters<typeof SentenceTransformer.load>[0], options: LoadOptions) => Promise<unknown>,
): Promise<void> {
  const { server, cache } = await startHub(t, { publish: false });
  server.publish(MODEL, files);
  const inNode = { endpoint: server.url, cacheFolder: cache, token: false } as const;
  const ways: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["the hub in Node", async () => load(MODEL, inNode)],
    ["the hub in a browser", async () => load(await openBrowserModel(MODEL, { endpoint: server.url }), {})],
    ["an address", async () => load(`${server.url}/${MODEL}/resolve/main`, {})],
  ];
  for (const [way, attempt] of ways) {
    await attempt();
    assert.equal(weightsAskedFor(server), 0, way);
  }
}

for (const tested of [...encoderCases, ...modelCases]) {
  test(`${tested.what}: rejected before weights are fetched`, async (t) => {
    await everyWay(t, changed(tested), async (model, options) => {
      await assert.rejects(
        SentenceTransformer.load(model, { backend: "js", ...options, ...tested.options }),
        (error: Error) => {
          assert.equal((error as { code?: string }).code, tested.code, error.stack);
          return true;
        },
      );
    });
  });
}

for (const tested of encoderCases) {
  test(`${tested.what}: rejected by AutoModel and Transformer before weights are fetched`, async (t) => {
    await everyWay(t, changed(tested), async (model, { prompts: _, ...options }) => {
      for (const loader of [AutoModel, Transformer]) {
        await assert.rejects(loader.fromPretrained(model, { backend: "js", ...options }), {
          code: tested.code,
        });
      }
    });
  });
}

for (const [options, name, subject] of [
  [{ backend: "wsam" }, "ArgumentError", "backend"],
  [{ threads: 0 }, "ArgumentError", "threads"],
  [{ backend: "js", threads: 2 }, "UnsupportedError", "threads"],
  [{ device: "tpu" }, "UnsupportedError", "device"],
  [{ dtype: "int8" }, "UnsupportedError", "dtype"],
] as const) {
  test(`${JSON.stringify(options)}: rejected by every loader before anything is asked for`, async (t) => {
    const { server, cache } = await startHub(t, { publish: false });
    server.publish(MODEL, filesOfFixture("bert-mean"));
    const placed = {
      endpoint: server.url,
      cacheFolder: cache,
      token: false,
      ...(options as object),
    } as const;
    for (const model of [MODEL, `${server.url}/${MODEL}/resolve/main`]) {
      const loading = [
        SentenceTransformer.load(model, placed),
        AutoModel.fromPretrained(model, placed),
        Transformer.fromPretrained(model, placed),
      ];
      for (const each of loading) await assert.rejects(each, { name, subject });
    }
    assert.deepEqual(server.requests, []);
  });
}

test("the premise: weights of a good model are asked for, once", async (t) => {
  const { server, cache } = await startHub(t, { publish: false });
  for (const [fixture, count] of [
    ["bert-mean", 1],
    [DENSE, 2],
    ["bert-sharded", 3],
  ] as const) {
    server.publish(`org/${fixture}`, filesOfFixture(fixture));
    const options = { endpoint: server.url, cacheFolder: cache, token: false, backend: "js" } as const;
    const model = await SentenceTransformer.load(`org/${fixture}`, options);
    const asked = server.requests.filter(
      ({ method, url }) => method === "GET" && url.includes(fixture) && /\.safetensors$/.test(url),
    );
    assert.equal(asked.length, count, fixture);
    const again = await SentenceTransformer.load(`org/${fixture}`, options);
    assert.deepEqual(await again.encode("a river"), await model.encode("a river"));
    await again.dispose();
    await model.dispose();
  }
});
