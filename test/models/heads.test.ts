/** A checkpoint's heads: taken where somebody asks for them, beside the encoder; left out where nobody does. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ConfigReader } from "../../src/files/config-reader.ts";
import { AutoModel } from "../../src/index.ts";
import type { PackedTokens } from "../../src/models/encoder.ts";
import { type HeadContext, prepareEncoder, prepareEncoderWithHead } from "../../src/models/registry.ts";
import { LayerNorm } from "../../src/nn/layer-norm.ts";
import { Linear } from "../../src/nn/linear.ts";
import { FolderSource } from "../../src/sources/folder-source-node.ts";
import { MemorySource } from "../../src/sources/memory-source.ts";
import type { PackedMatrix } from "../../src/tensor/backend.ts";
import { linear } from "../../src/tensor/ops/linear.ts";
import { scope } from "../../src/tensor/scope.ts";
import { selectBackend } from "../../src/tensor/select.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testedBackends } from "../helpers/backends.ts";
import { relativeDistance } from "../helpers/fixtures.ts";

const folder = (name: string) => fileURLToPath(new URL(`../fixtures/heads/${name}`, import.meta.url));

interface Expected {
  readonly oracle: { readonly transformers: string };
  readonly inputs: readonly {
    readonly inputIds: readonly number[];
    readonly tokenTypeIds: readonly number[];
  }[];
  readonly classifier: {
    /** [sequences, labels] */
    readonly logits: readonly (readonly number[])[];
    /** Of the library, relative to a row's largest value. */
    readonly float32Error: number;
  };
  readonly maskedLm: {
    /** [sequences, tokens, vocabulary] */
    readonly logits: readonly (readonly (readonly number[])[])[];
    readonly float32Error: number;
  };
}

const expected: Expected = JSON.parse(readFileSync(folder("expected.json"), "utf8"));
const { inputs, oracle } = expected;

const packed: PackedTokens = {
  inputIds: Int32Array.from(inputs.flatMap(({ inputIds }) => inputIds)),
  tokenTypeIds: Int32Array.from(inputs.flatMap(({ tokenTypeIds }) => tokenTypeIds)),
  positionIds: null,
  offsets: Int32Array.from([
    0,
    ...inputs.map((_, i) => inputs.slice(0, i + 1).flatMap((one) => one.inputIds).length),
  ]),
};

/** Relative to a row's largest value: rounding to float32 through two layers. */
const BOUND = 1e-6;
const LABELS = 3;

const classifier = ({ config, weights }: HeadContext) =>
  new Linear(config.hiddenSize, LABELS, weights.scope("classifier"));

async function readConfig(name: string) {
  const source = new FolderSource(folder(name));
  return { source, config: await ConfigReader.read(source, "config.json") };
}

for (const name of testedBackends) {
  test(`${name}: a classifier from the encoder's checkpoint gives the logits of transformers ${oracle.transformers}`, async (t) => {
    const backend = await selectBackend({ backend: name });
    const { source, config } = await readConfig("bert-classifier");
    const prepared = await prepareEncoderWithHead(source, config, classifier);
    const { encoder, head, weights, checkpoint } = await prepared.declare(backend);
    await weights.fill();
    await checkpoint.close();

    const { lastHiddenState } = await encoder.forward(packed);
    const logits = scope(backend, () => head.forward(encoder.pool(lastHiddenState, packed.offsets)!));
    assert.deepEqual(logits.shape, [inputs.length, LABELS]);
    const values = (await logits.read()) as Float32Array;
    const distance = relativeDistance(values, expected.classifier.logits.flat(), LABELS);
    const { float32Error } = expected.classifier;
    t.diagnostic(`ours ${distance.toExponential(1)}, theirs ${float32Error.toExponential(1)}`);
    assert.ok(distance < BOUND && float32Error < BOUND);
    weights.dispose();
    await backend.dispose();
  });
}

/** transformers v5.18.0, modeling_bert.py (BertOnlyMLMHead): its output matrix is the embedding table. */
class MaskedLmHead {
  readonly dense: Linear;
  readonly layerNorm: LayerNorm;
  readonly decoder: PackedMatrix;
  readonly bias: Tensor;

  constructor({ config: { vocabSize, hiddenSize }, weights, encoderWeights }: HeadContext) {
    const words = encoderWeights.scope("embeddings.word_embeddings");
    this.decoder = words.matrix("weight", vocabSize, hiddenSize);
    const predictions = weights.scope("cls.predictions");
    const transform = predictions.scope("transform");
    this.dense = new Linear(hiddenSize, hiddenSize, transform.scope("dense"));
    this.layerNorm = new LayerNorm(hiddenSize, 1e-12, transform.scope("LayerNorm"));
    this.bias = predictions.vector("bias", vocabSize);
  }

  forward(hidden: Tensor): Tensor {
    const transformed = this.layerNorm.forward(this.dense.forward(hidden, { activation: "gelu" }));
    return linear(transformed, this.decoder, this.bias);
  }
}

for (const options of [
  ...testedBackends.map((backend) => ({ backend })),
  ...(testedBackends.includes("wasm") ? [{ backend: "wasm", threads: 2 } as const] : []),
]) {
  test(`${JSON.stringify(options)}: an output matrix tied to the embedding table gives the logits of transformers`, async (t) => {
    const backend = await selectBackend(options);
    const { source, config } = await readConfig("bert-masked-lm");
    const prepared = await prepareEncoderWithHead(source, config, (context) => new MaskedLmHead(context));
    const { encoder, head, weights, checkpoint } = await prepared.declare(backend);
    await weights.fill();
    await checkpoint.close();
    const { lastHiddenState } = await encoder.forward(packed);
    const logits = scope(backend, () => head.forward(lastHiddenState));
    const { vocabSize } = encoder.config;
    assert.deepEqual(logits.shape, [packed.inputIds.length, vocabSize]);
    const [values, hidden] = (await Promise.all([logits.read(), lastHiddenState.read()])) as Float32Array[];
    const { maskedLm } = expected;
    const distance = relativeDistance(values!, maskedLm.logits.flat(2), vocabSize);
    t.diagnostic(`ours ${distance.toExponential(1)}, theirs ${maskedLm.float32Error.toExponential(1)}`);
    assert.ok(distance < BOUND && maskedLm.float32Error < BOUND);

    const alone = await prepareEncoder(source, config);
    const untied = await alone.declare(backend);
    await untied.weights.fill();
    await untied.checkpoint.close();
    const { lastHiddenState: same } = await untied.encoder.forward(packed);
    assert.deepEqual(await same.read(), hidden, "the bits of a table of its own");
    for (const tensor of [lastHiddenState, logits, same]) tensor.dispose();
    weights.dispose();
    untied.weights.dispose();
    await backend.dispose();
  });
}

test("heads that nobody asks for are left out, as AutoModel leaves them out", async () => {
  for (const name of ["bert-classifier", "bert-masked-lm"]) {
    const { source, config } = await readConfig(name);
    const { found } = await prepareEncoder(source, config);
    const checkpoint = await found.open();
    assert.ok(
      [...checkpoint.tensors.keys()].some((key) => /^(?:classifier|cls)\./.test(key)),
      "the premise",
    );
    await checkpoint.close();
    const model = await AutoModel.fromPretrained(folder(name), { threads: 1 });
    await model.dispose();
  }
});

test("a head that the checkpoint does not have, or has in another shape, is named before its weights are read", async () => {
  const backend = await selectBackend({ backend: "js" });
  const { source, config } = await readConfig("bert-masked-lm");
  const absent = await prepareEncoderWithHead(source, config, classifier);
  await assert.rejects(absent.declare(backend), { code: "missing-tensor", subject: "classifier.weight" });

  const files = await readConfig("bert-classifier");
  const wider = await prepareEncoderWithHead(
    files.source,
    files.config,
    ({ weights }) => new Linear(files.config.integer("hidden_size"), LABELS + 1, weights.scope("classifier")),
  );
  await assert.rejects(wider.declare(backend), { code: "tensor-shape", subject: "classifier.weight" });
  await backend.dispose();
});

test("an index that names all tensors shows before any weights are fetched that a head is absent", async () => {
  const { source, config } = await readConfig("bert-classifier");
  const { found } = await prepareEncoder(source, config);
  const checkpoint = await found.open();
  const names = [...checkpoint.tensors.keys()];
  await checkpoint.close();
  const sharded = (kept: (name: string) => boolean) => {
    const weight_map = Object.fromEntries(names.filter(kept).map((name) => [name, "model-1.safetensors"]));
    const index = new TextEncoder().encode(JSON.stringify({ metadata: {}, weight_map }));
    const unread = new TextEncoder().encode("no weights");
    const files = { "model.safetensors.index.json": index, "model-1.safetensors": unread };
    return new MemorySource(new Map(Object.entries(files)), "model");
  };
  await prepareEncoderWithHead(
    sharded(() => true),
    config,
    classifier,
  );
  await assert.rejects(
    prepareEncoderWithHead(
      sharded((name) => name !== "classifier.bias"),
      config,
      classifier,
    ),
    { code: "missing-tensor", subject: "classifier.bias" },
  );
});
