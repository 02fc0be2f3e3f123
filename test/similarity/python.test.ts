/** What the Python library gives on the inputs of test/fixtures/utilities (README.md there). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { openSafetensors } from "../../src/checkpoint/safetensors/open.ts";
import { decodeEmbeddings } from "../../src/embedding-files/encode.ts";
import { SentenceTransformer } from "../../src/sentence-transformer.ts";
import { FolderSource } from "../../src/sources/folder-source-node.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { util } from "../../src/util.ts";
import { modelFolder } from "../helpers/fixtures.ts";

const folder = new URL("../fixtures/utilities/", import.meta.url);

type Pair = readonly [score: number, first: number, second: number];
type Options = Readonly<Record<string, number>>;

interface Expected {
  readonly oracle: Readonly<Record<string, string>>;
  readonly similarity: Readonly<Record<string, { functions: string[]; pairwiseRows: number }>>;
  readonly search: readonly {
    readonly name: string;
    readonly corpus: string;
    readonly scoreFunction: "cosSim" | "dotScore" | "euclideanSim" | "manhattanSim";
    readonly options: Options;
    readonly hits: readonly (readonly (readonly [corpusId: number, score: number])[])[];
    readonly ties: boolean;
    readonly query?: number;
  }[];
  readonly mining: readonly {
    readonly name: string;
    readonly scoreFunction: "cosSim" | "dotScore";
    readonly options: Options;
    readonly pairs: readonly Pair[];
  }[];
  readonly miningWithModel: {
    readonly sentences: readonly string[];
    readonly runs: readonly {
      readonly name: string;
      readonly options: object;
      readonly pairs: readonly Pair[];
    }[];
  };
  readonly communities: readonly { readonly options: Options; readonly communities: readonly number[][] }[];
  readonly quantize: readonly string[];
  readonly npy: {
    readonly arrays: Readonly<Record<string, { shape: number[]; dtype: string; values: string[] }>>;
    readonly refused: readonly string[];
  };
}

const expected: Expected = JSON.parse(
  gunzipSync(readFileSync(new URL("utilities.expected.json.gz", folder))).toString("utf8"),
);
const oracle = `sentence-transformers ${expected.oracle["sentence-transformers"]}`;

const tensors: Promise<Checkpoint> = openSafetensors(
  new FolderSource(fileURLToPath(folder)),
  "utilities.expected.safetensors",
);
after(async () => (await tensors).close());

/** As it is stored; a name that is not there fails the test. */
async function read(name: string): Promise<Tensor> {
  const checkpoint = await tensors;
  const info = checkpoint.tensors.get(name);
  if (info === undefined) throw new Error(`the fixture has no ${name}; regenerate it`);
  const { buffer } = (await checkpoint.readBytes(name)).slice();
  const arrays = { F32: Float32Array, F64: Float64Array, I8: Int8Array, U8: Uint8Array } as const;
  return Tensor.from(new arrays[info.dtype as keyof typeof arrays](buffer as ArrayBuffer), info.shape);
}

/** Rows `0 … count − 1`. */
function rows(tensor: Tensor, count: number): Tensor {
  return tensor.slice(0, count);
}

function assertClose(found: Tensor, wanted: Tensor, tolerance: number, what: string): void {
  assert.deepEqual(found.shape, wanted.shape, what);
  const values = found.data;
  for (const [i, value] of wanted.data.entries()) {
    const distance = Math.abs(values[i]! - value);
    assert.ok(
      distance <= tolerance * Math.max(1, Math.abs(value)),
      `${what}[${i}]: ${values[i]}, not ${value}`,
    );
  }
}

for (const [set, { functions, pairwiseRows }] of Object.entries(expected.similarity)) {
  test(`similarities of ${oracle}: ${set}`, async () => {
    assert.ok(functions.length >= 8);
    const [a, b] = [await read(`similarity.${set}.a`), await read(`similarity.${set}.b`)];
    for (const name of functions) {
      const apply = util[name as "cosSim"];
      const found = name.startsWith("pairwise")
        ? apply(rows(a, pairwiseRows), rows(b, pairwiseRows))
        : apply(a, b);
      // Ours are the f64 sums, rounded once.
      assertClose(found, await read(`similarity.${set}.${name}.f64`), 2 ** -24 + 1e-12, `${set}.${name}`);
      // The library's Euclidean distances of many rows are that far from its own in f64.
      const library = name === "euclideanSim" && set === "many" ? 1e-5 : 1e-6;
      assertClose(found, await read(`similarity.${set}.${name}.f32`), library, `${set}.${name}`);
    }
  });
}

test(`one vector of ${oracle} is a matrix of one row`, async () => {
  const [a, b] = [await read("similarity.plain.a"), await read("similarity.plain.b")];
  for (const name of ["cosSim", "dotScore", "euclideanSim", "manhattanSim"] as const) {
    assertClose(util[name](a.row(0), b), await read(`similarity.vector.${name}.f32`), 1e-6, name);
  }
});

for (const run of expected.search) {
  test(`semanticSearch of ${oracle}: ${run.name}`, async () => {
    const queries = await read("search.queries");
    const corpus = await read(`search.${run.corpus}`);
    const hits = util.semanticSearch(run.query === undefined ? queries : queries.row(run.query), corpus, {
      ...run.options,
      scoreFunction: util[run.scoreFunction],
    });
    assert.equal(hits.length, run.hits.length);
    for (const [query, wanted] of run.hits.entries()) {
      const found = hits[query]!;
      assert.equal(found.length, wanted.length);
      for (const [i, [, score]] of wanted.entries()) {
        assert.ok(Math.abs(found[i]!.score - score) <= 1e-6 * Math.max(1, Math.abs(score)));
      }
      if (!run.ties)
        assert.deepEqual(
          found.map(({ corpusId }) => corpusId),
          wanted.map(([corpusId]) => corpusId),
        );
    }
    // With ties, every row is found where there is room for all of them.
    if (run.ties && run.options.topK! >= corpus.shape[0]!) {
      for (const found of hits) {
        assert.deepEqual(new Set(found.map(({ corpusId }) => corpusId)).size, corpus.shape[0]);
      }
    }
  });
}

function assertPairs(found: readonly Pair[], wanted: readonly Pair[]): void {
  assert.deepEqual(
    found.map(([, i, j]) => [i, j]),
    wanted.map(([, i, j]) => [i, j]),
  );
  for (const [index, [score]] of wanted.entries()) {
    assert.ok(Math.abs(found[index]![0] - score) <= 1e-6 * Math.max(1, Math.abs(score)));
  }
}

for (const { name, scoreFunction, options, pairs } of expected.mining) {
  test(`paraphraseMiningEmbeddings of ${oracle}: ${name}`, async () => {
    const embeddings = await read("mining.embeddings");
    assertPairs(
      util.paraphraseMiningEmbeddings(embeddings, { ...options, scoreFunction: util[scoreFunction] }),
      pairs,
    );
  });
}

test(`paraphraseMining of ${oracle} with a model`, async () => {
  const model = await SentenceTransformer.load(modelFolder("bert-mean"), { backend: "js" });
  for (const { options, pairs } of expected.miningWithModel.runs) {
    assertPairs(await util.paraphraseMining(model, expected.miningWithModel.sentences, options), pairs);
  }
  await model.dispose();
});

for (const { options, communities } of expected.communities) {
  test(`communityDetection of ${oracle}: ${JSON.stringify(options)}`, async () => {
    assert.deepEqual(util.communityDetection(await read("communities.embeddings"), options), communities);
  });
}

for (const name of expected.quantize) {
  test(`quantizeEmbeddings of ${oracle}, bit for bit: ${name}`, async () => {
    const embeddings = await read("quantize.embeddings");
    const calibrationEmbeddings = await read("quantize.calibration");
    const ranges = await read("quantize.ranges");
    const [precision, kind] = name.split(".") as ["int8", string];
    const inputs: Readonly<Record<string, readonly [Tensor, object]>> = {
      own: [embeddings, {}],
      few: [rows(embeddings, 5), { onWarning: () => {} }],
      calibrated: [embeddings, { calibrationEmbeddings }],
      ranges: [embeddings, { ranges }],
      rangesBeforeCalibration: [embeddings, { ranges, calibrationEmbeddings }],
      width13: [embeddings, {}],
      width8: [util.truncateEmbeddings(embeddings, 8), {}],
      width1: [util.truncateEmbeddings(embeddings, 1), {}],
    };
    const [input, options] = inputs[kind]!;
    const wanted = await read(`quantize.${name}`);
    const found = util.quantizeEmbeddings(input, precision, options);
    assert.deepEqual([found.dtype, found.shape], [wanted.dtype, wanted.shape]);
    assert.deepEqual(found.data, wanted.data);
  });
}

test(`normalizeEmbeddings and truncateEmbeddings of ${oracle}`, async () => {
  const embeddings = await read("vectors.embeddings");
  const normalized = util.normalizeEmbeddings(embeddings);
  assertClose(normalized, await read("vectors.normalized.f64"), 2 ** -24, "normalized");
  assertClose(normalized, await read("vectors.normalized.f32"), 2e-7, "normalized");
  for (const dimension of [1, 5, 11, 40]) {
    const wanted = await read(`vectors.truncated.${dimension}`);
    const found = util.truncateEmbeddings(embeddings, dimension);
    assert.deepEqual(found.shape, wanted.shape);
    assert.deepEqual(found.data, wanted.data);
  }
});

test(`matrices and vectors of numpy ${expected.oracle.numpy} are read, what holds no embeddings is refused`, async () => {
  let read = 0;
  for (const [name, { shape, dtype, values }] of Object.entries(expected.npy.arrays)) {
    const bytes = readFileSync(new URL(`npy/${name}.npy`, folder));
    const decoded = decodeEmbeddings(bytes, "npy", { convertToTensor: true });
    if (/^[<>|](f2|f4|f8|i1|u1)$/.test(dtype) && (shape.length === 1 || shape.length === 2)) {
      const { embeddings } = await decoded;
      assert.deepEqual(embeddings.shape, shape.length === 1 ? [1, ...shape] : shape, name);
      const numbers = values.map((value) => Math.fround(Number(value.replace("inf", "Infinity"))));
      assert.deepEqual(Array.from(embeddings.data), numbers, name);
      read++;
    } else await assert.rejects(decoded, { name: "UnsupportedError" }, name);
  }
  assert.ok(read >= 12);
  for (const name of expected.npy.refused) {
    const bytes = readFileSync(new URL(`npy/refused-${name}.npy`, folder));
    await assert.rejects(decodeEmbeddings(bytes, "npy"), { name: "UnsupportedError" }, name);
  }
});
