/** Reading several places at once: the same numbers, and nothing under way when it has ended. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { memoryCheckpoint } from "../../src/checkpoint/memory-checkpoint.ts";
import { Weights } from "../../src/nn/weights.ts";
import { createJsBackend } from "../../src/tensor/backend/js/js-backend.ts";
import { createWasmBackend } from "../../src/tensor/backend/wasm/wasm-backend.ts";
import type { Backend } from "../../src/tensor/backend.ts";
import { readElements } from "../../src/tensor/read.ts";
import { randomFloats, randomNumbers } from "../helpers/random.ts";

const TABLE = [3000, 1000] as const; // three pieces
const MATRIX = [70, 30_000] as const; // two pieces, the second a part of one
const VECTORS = 40;

const random = randomNumbers(5);
const table = randomFloats(random, TABLE[0] * TABLE[1]);
const matrix = randomFloats(random, MATRIX[0] * MATRIX[1]);
const vectors = Array.from({ length: VECTORS }, (_, i) => randomFloats(random, i + 1));

interface Traced extends Checkpoint {
  readonly reads: string[];
  underWay: number;
  most: number;
}

/** Answers after a while, in another order than it was asked. */
function traced(parallel: boolean, fails?: string): Traced {
  const inner = memoryCheckpoint("memory", [
    { name: "table", shape: TABLE, values: table },
    { name: "matrix", shape: MATRIX, values: matrix },
    ...vectors.map((values, i) => ({ name: `vector${i}`, shape: [i + 1], values })),
  ]);
  const wait = randomNumbers(1);
  const checkpoint: Traced = {
    ...inner,
    parallel,
    reads: [],
    underWay: 0,
    most: 0,
    async readFloat32(name, target, start) {
      checkpoint.reads.push(`${name} ${start}`);
      checkpoint.most = Math.max(checkpoint.most, ++checkpoint.underWay);
      for (let turns = Math.floor(6 * wait()); turns >= 0; turns--) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      checkpoint.underWay--;
      if (name === fails) throw new Error(`${name} cannot be read`);
      await inner.readFloat32(name, target, start);
    },
  };
  return checkpoint;
}

function declare(checkpoint: Checkpoint, backend: Backend) {
  const weights = Weights.of(checkpoint, backend);
  const handles = {
    table: weights.table("table", ...TABLE),
    matrix: weights.matrix("matrix", ...MATRIX),
    vectors: vectors.map((values, i) => weights.vector(`vector${i}`, values.length)),
  };
  return { weights, handles };
}

/** A row of the table, and a product with the matrix. */
async function numbersOf(
  backend: Backend,
  { table, matrix, vectors }: ReturnType<typeof declare>["handles"],
) {
  const rows = backend.allocate(2 * TABLE[1]);
  backend.kernels.embeddingSum(
    { out: rows, tables: [table], ids: [Int32Array.of(2999, 1)] },
    { rows: 2, width: TABLE[1] },
  );
  const x = backend.allocate(MATRIX[1]);
  backend.write(
    x,
    Float32Array.from({ length: MATRIX[1] }, (_, i) => Math.sin(i)),
    0,
  );
  const product = backend.allocate(MATRIX[0]);
  backend.kernels.linear(
    { out: product, x, weight: matrix, bias: null, residual: null },
    { rows: 1, inFeatures: matrix.inFeatures, outFeatures: matrix.outFeatures, activation: null },
  );
  return [
    await readElements(backend, rows, 0, 2 * TABLE[1]),
    await readElements(backend, product, 0, MATRIX[0]),
    ...(await Promise.all(vectors.map(({ storage, shape }) => readElements(backend, storage, 0, shape[0]!)))),
  ];
}

for (const [name, create] of [
  ["js", createJsBackend],
  ["wasm", createWasmBackend],
] as const) {
  test(`${name}: read at once or one after the other, weights are the same`, async () => {
    const results: Float32Array[][] = [];
    for (const [parallel, early] of [
      [false, false],
      [true, false],
      [true, true],
      [false, true],
    ] as const) {
      const backend = create();
      const checkpoint = traced(parallel);
      const { weights, handles } = declare(checkpoint, backend);
      const progress: [number, number][] = [];
      const options = { onProgress: (loaded: number, total: number) => progress.push([loaded, total]) };
      if (early) weights.beginFill(options);
      assert.equal(checkpoint.reads.length > 0, parallel && early, "whether it has begun");
      await weights.fill(options);
      assert.equal(checkpoint.most > 1, parallel, `${checkpoint.most} reads at once`);
      assert.ok(checkpoint.most < 64);
      assert.equal(new Set(checkpoint.reads).size, checkpoint.reads.length, "nothing is read twice");
      const total = 4 * (table.length + matrix.length + (VECTORS * (VECTORS + 1)) / 2);
      assert.deepEqual(progress.at(-1), [total, total]);
      assert.ok(progress.every(([loaded], i) => i === 0 || loaded > progress[i - 1]![0]));
      results.push(await numbersOf(backend, handles));
      weights.dispose();
      backend.dispose();
    }
    assert.deepEqual(
      results[0]![0],
      Float32Array.of(...table.slice(-TABLE[1]), ...table.slice(TABLE[1], 2 * TABLE[1])),
    );
    assert.deepEqual(results[0]!.slice(2), vectors);
    for (const other of results.slice(1)) assert.deepEqual(other, results[0]);
  });
}

for (const fails of ["table", "matrix", "vector20"]) {
  test(`where ${fails} cannot be read, all reads have ended when it is said`, async () => {
    const checkpoint = traced(true, fails);
    const { weights } = declare(checkpoint, createWasmBackend());
    weights.beginFill({});
    await assert.rejects(weights.fill(), { message: `${fails} cannot be read` });
    assert.equal(checkpoint.underWay, 0);
    const begun = checkpoint.reads.length;
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(checkpoint.reads.length, begun, "and none begins any more");
  });
}

test("what was begun can be given up: nothing is read any more", async () => {
  const checkpoint = traced(true);
  const { weights } = declare(checkpoint, createWasmBackend());
  weights.beginFill({});
  await weights.endFill();
  assert.equal(checkpoint.underWay, 0);
  assert.ok(checkpoint.reads.length < VECTORS, `${checkpoint.reads.length} reads had begun`);
});

test("an abort ends the reading with its reason, and waits for what is under way", async () => {
  const checkpoint = traced(true);
  const { weights } = declare(checkpoint, createWasmBackend());
  const controller = new AbortController();
  const reason = new Error("enough");
  const filled = weights.fill({ signal: controller.signal, onProgress: () => controller.abort(reason) });
  await assert.rejects(filled, reason);
  assert.equal(checkpoint.underWay, 0);
});
