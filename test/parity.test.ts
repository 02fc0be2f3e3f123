/**
 * The promise of the project: the numbers of the Python library. Our embeddings lie no further from its float64
 * ones than its own float32 ones do; up to twice as far is tolerated, since both distances are rounding noise.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AutoModel, AutoTokenizer, SentenceTransformer, type Tensor } from "../src/index.ts";
import type { BackendName } from "../src/tensor/placement.ts";
import { testedBackends } from "./helpers/backends.ts";
import {
  caseNames,
  type Expected,
  encoderFolder,
  type Matrix,
  modelFolder,
  Numbers,
  type Run,
  readExpected,
  relativeDistance,
} from "./helpers/fixtures.ts";

const TOLERATED = 2;

/** Rounding of the result alone to float32: where the reference happens to be exact, so much is allowed. */
const ROUNDING = 2 ** -23;

/** Formats that are refused: what the library gives on them is a fixture for a refusal. */
const refused = ["bert-bin-legacy"];

const cases = ["demo-en", ...caseNames("").filter((name) => !refused.includes(name))];
assert.ok(cases.length >= 30, "the fixtures are there");

async function checkRun(
  model: SentenceTransformer,
  numbers: Numbers,
  run: Run,
  texts: readonly string[],
): Promise<string> {
  const exact = await numbers.read(`${run.name}.embeddings.f64`);
  const width = exact.shape[1]!;
  const together = await model[run.method](texts, run.options);
  for (const [i, text] of texts.entries()) {
    const [alone] = await model[run.method]([text], { ...run.options, outputValue: null });
    const { inputIds, promptLength, sentenceEmbedding } = alone!;
    assert.deepEqual([...inputIds], run.tokenIds[i], `${run.name}: token ids of text ${i}`);
    assert.equal(promptLength, run.promptLength ?? null);
    // Features are not normalized, as in the reference.
    const [embedding] = run.options.normalizeEmbeddings
      ? await model[run.method]([text], run.options)
      : [sentenceEmbedding];
    assert.deepEqual(
      embedding,
      together[i],
      `${run.name}: text ${i} is bit-identical alone and in the batch`,
    );
  }
  const compared = exact.values.subarray(0, texts.length * width);
  const ours = relativeDistance(
    together.flatMap((row) => [...row]),
    compared,
    width,
  );
  const theirs = Math.max(
    run.error.f32Other ?? 0,
    ...(await Promise.all(
      ["alone", "batch"].map(async (how) => {
        const tensor = `${run.name}.embeddings.f32.${how}`;
        if (how === "batch" && !numbers.has(tensor)) return 0;
        const { values } = await numbers.read(tensor);
        return relativeDistance(values, compared, width);
      }),
    )),
  );
  assert.ok(
    ours <= Math.max(TOLERATED * theirs, ROUNDING),
    `${run.name}: ${ours.toExponential(2)} from float64; the library's float32: ${theirs.toExponential(2)}`,
  );
  return `${run.name}: ours ${ours.toExponential(1)}, theirs ${theirs.toExponential(1)}`;
}

function expectClose(
  ours: ArrayLike<number>,
  expected: Matrix,
  what: string,
  kept?: (row: number) => boolean,
) {
  const distance = relativeDistance(ours, expected.values, expected.shape.at(-1)!, kept);
  // Two float32 computations of the same: each may be off by what the embeddings are.
  assert.ok(distance < 1e-5, `${what}: ${distance.toExponential(2)} apart`);
}

async function checkHidden(
  name: string,
  backend: BackendName,
  expected: Expected,
  numbers: Numbers,
): Promise<void> {
  const tokenizer = await AutoTokenizer.fromPretrained(encoderFolder(name));
  const encoder = await AutoModel.fromPretrained(encoderFolder(name), { backend, threads: 1 });
  for (const { text, layers, tokenIds } of expected.hidden ?? []) {
    const encoded = tokenizer(expected.texts[text]!, {
      truncation: true,
      maxLength: expected.settings.maxSeqLength ?? undefined,
    });
    assert.deepEqual([...encoded.inputIds.data], tokenIds);
    const { hiddenStates, poolerOutput } = await encoder(encoded, { outputHiddenStates: true });
    assert.equal(hiddenStates!.length, layers + 1);
    for (const [layer, state] of hiddenStates!.entries()) {
      expectClose(state.data, await numbers.read(`hidden.${text}.${layer}`), `text ${text}, layer ${layer}`);
    }
    const row = expected.pooler?.indexOf(text) ?? -1;
    if (row === -1) continue;
    const { shape, values } = await numbers.read("pooler.f64");
    const width = shape[1]!;
    expectClose(
      poolerOutput!.data,
      { shape: [1, width], values: values.slice(row * width, (row + 1) * width) },
      `pooler of text ${text}`,
    );
  }
  encoder.dispose();
}

async function checkPairs(
  name: string,
  backend: BackendName,
  expected: Expected,
  numbers: Numbers,
): Promise<void> {
  const { texts, maxLength } = expected.pairs!;
  const tokenizer = await AutoTokenizer.fromPretrained(encoderFolder(name));
  const encoder = await AutoModel.fromPretrained(encoderFolder(name), { backend, threads: 1 });
  const encoded = tokenizer(texts, { padding: true, truncation: true, maxLength });
  const same = async (tensor: Tensor, what: string) =>
    assert.deepEqual(Float64Array.from(tensor.data), (await numbers.read(`pairs.${what}`)).values, what);
  await same(encoded.inputIds, "inputIds");
  await same(encoded.attentionMask, "attentionMask");
  const typed = numbers.has("pairs.tokenTypeIds");
  assert.equal(
    "tokenTypeIds" in encoded,
    typed,
    "token types are given where the reference's tokenizer does",
  );
  if (typed) await same(encoded.tokenTypeIds!, "tokenTypeIds");

  const { lastHiddenState, poolerOutput } = await encoder(encoded);
  const mask = encoded.attentionMask.data;
  expectClose(
    lastHiddenState.data,
    await numbers.read("pairs.lastHiddenState.f32"),
    "last hidden state",
    (row) => mask[row] === 1,
  );
  if (numbers.has("pairs.poolerOutput.f64")) {
    expectClose(poolerOutput!.data, await numbers.read("pairs.poolerOutput.f64"), "pooler");
  } else {
    assert.equal(poolerOutput, null);
  }
  encoder.dispose();
}

for (const [backend, name] of testedBackends.flatMap((tested) =>
  cases.map((name) => [tested, name] as const),
)) {
  const expected = readExpected(name);
  const { oracle } = expected;
  test(`${name} on ${backend}: the embeddings of sentence-transformers ${oracle["sentence-transformers"]}`, async (t) => {
    const model = await SentenceTransformer.load(modelFolder(name), { backend, threads: 1 });
    const numbers = await Numbers.open(name);
    const { settings } = expected;
    assert.equal(model.maxSeqLength, settings.maxSeqLength ?? Number.POSITIVE_INFINITY);
    assert.equal(model.getEmbeddingDimension(), settings.embeddingDimension);
    assert.deepEqual(model.prompts, settings.prompts);
    assert.equal(model.defaultPromptName, settings.defaultPromptName);
    assert.equal(model.truncateDim, settings.truncateDim);

    // The plain kernels take long for all of them.
    const limit = backend === "js" ? 40 : expected.texts.length;
    for (const run of expected.runs) {
      const texts = run.texts.slice(0, limit).map((index) => expected.texts[index]!);
      t.diagnostic(await checkRun(model, numbers, run, texts));
    }
    if (expected.hidden !== undefined) await checkHidden(name, backend, expected, numbers);
    if (expected.pairs) await checkPairs(name, backend, expected, numbers);
    await numbers.close();
    await model.dispose();
  });
}

test("bert-bin-legacy: the format before torch 1.6 is refused, and how to convert it is said", async () => {
  await assert.rejects(SentenceTransformer.load(modelFolder("bert-bin-legacy")), (error: Error) => {
    assert.equal(error.name, "UnsupportedError", error.stack);
    assert.match(error.message, /pytorch_model\.bin.*safetensors/);
    return true;
  });
});
