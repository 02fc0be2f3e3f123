import assert from "node:assert/strict";
import { test } from "node:test";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { memoryCheckpoint } from "../../src/checkpoint/memory-checkpoint.ts";
import { FormatError } from "../../src/errors.ts";
import { Weights } from "../../src/nn/weights.ts";
import { createJsBackend } from "../../src/tensor/backend/js/js-backend.ts";
import { createWasmBackend, WasmBackend } from "../../src/tensor/backend/wasm/wasm-backend.ts";
import type { Backend, ParameterStore } from "../../src/tensor/backend.ts";
import { readElements } from "../../src/tensor/read.ts";

function ramp(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => i);
}

function checkpoint(): Checkpoint & { reads: string[] } {
  const reads: string[] = [];
  const inner = memoryCheckpoint("memory", [
    { name: "layer.dense.weight", shape: [3, 2], values: ramp(6) },
    { name: "layer.dense.bias", shape: [3], values: ramp(3) },
    { name: "table", shape: [2000, 1000], values: ramp(2_000_000) },
  ]);
  return {
    ...inner,
    reads,
    readFloat32(name, target, start) {
      reads.push(`${name} ${start}+${target.length}`);
      return inner.readFloat32(name, target, start);
    },
  };
}

test("taking reads nothing; filling reads each parameter once, in whole rows", async () => {
  const source = checkpoint();
  const backend = createJsBackend();
  const weights = Weights.of(source, backend);
  const dense = weights.scope("layer").scope("dense");
  const bias = dense.vector("bias", 3);
  dense.matrix("weight", 3, 2);
  weights.table("table", 2000, 1000);
  assert.equal(source.reads.length, 0);

  const progress: [number, number][] = [];
  await weights.fill({ onProgress: (loaded, total) => progress.push([loaded, total]) });
  assert.deepEqual([...bias.data], [0, 1, 2]);
  const table = source.reads.filter((read) => read.startsWith("table"));
  assert.ok(table.length > 1, "a table of 8 MB comes in pieces");
  assert.equal(
    table.map((read) => Number(read.split("+")[1])).reduce((a, b) => a + b),
    2_000_000,
  );
  const total = 4 * (6 + 3 + 2_000_000);
  assert.deepEqual(progress.at(-1), [total, total]);
  weights.dispose();
});

test("a missing tensor and a wrong shape are named before anything is read", () => {
  const source = checkpoint();
  const weights = Weights.of(source, createJsBackend());
  assert.throws(() => weights.scope("layer").vector("gain", 3), {
    name: "FormatError",
    message: 'memory: checkpoint has no tensor "layer.gain" [3]',
  });
  assert.throws(() => weights.scope("layer.dense").matrix("weight", 2, 3), {
    name: "FormatError",
    message: 'memory: "layer.dense.weight": expected shape [2, 3], checkpoint has [3, 2]',
  });
  assert.equal(source.reads.length, 0);
});

test("tensors that nobody took are refused by name, but for those that are known to be unused", () => {
  const weights = Weights.of(checkpoint(), createJsBackend());
  weights.scope("layer.dense").vector("bias", 3);
  assert.throws(() => weights.assertAllTaken(), {
    name: "FormatError",
    message: "memory: the model does not use 2 tensors of the checkpoint: layer.dense.weight, table",
  });
  weights.assertAllTaken(["table", "layer."]);
  assert.throws(
    () => weights.assertAllTaken(["tab", "layer."]),
    FormatError,
    "a name without a dot is a whole name",
  );
});

test("an aborted signal ends the filling with its reason", async () => {
  const source = checkpoint();
  const weights = Weights.of(source, createJsBackend());
  weights.table("table", 2000, 1000);
  const reason = new Error("enough");
  await assert.rejects(weights.fill({ signal: AbortSignal.abort(reason) }), reason);
  assert.equal(source.reads.length, 0);
});

/** A backend that counts the bytes of the parameters that are made in it. */
function counting(inner: Backend) {
  const counted = { bytes: 0 };
  const { parameters } = inner;
  const store: ParameterStore = {
    createVector: (length) => {
      counted.bytes += 4 * length;
      return parameters.createVector(length);
    },
    createMatrix: (outFeatures, inFeatures, dtype) => {
      counted.bytes += 4 * outFeatures * inFeatures;
      return parameters.createMatrix(outFeatures, inFeatures, dtype);
    },
    createTable: (rows, width) => {
      counted.bytes += 4 * rows * width;
      return parameters.createTable(rows, width);
    },
    rowsOf: (matrix) => parameters.rowsOf(matrix),
    write: (parameter, rows, firstRow) => parameters.write(parameter, rows, firstRow),
    inPlace: (parameter) => parameters.inPlace(parameter),
    free: (parameter) => parameters.free(parameter),
  };
  const backend = new Proxy(inner, {
    get: (target, name) => (name === "parameters" ? store : Reflect.get(target, name, target)),
  });
  return { backend, counted };
}

for (const [name, create] of [
  ["js", createJsBackend],
  ["wasm", createWasmBackend],
] as const) {
  test(`${name}: a tensor that is a matrix and a table is read once and in memory once`, async () => {
    const [rows, width] = [2000, 1000];
    const source = checkpoint();
    const inner = create();
    const { backend, counted } = counting(inner);
    const weights = Weights.of(source, backend);
    const matrix = weights.matrix("table", rows, width);
    const grown = memoryOf(inner);
    const table = weights.table("table", rows, width);
    assert.equal(weights.matrix("table", rows, width), matrix);
    assert.equal(weights.table("table", rows, width), table);
    weights.assertAllTaken(["layer."]);
    assert.equal(counted.bytes, 4 * rows * width);
    assert.equal(memoryOf(inner), grown, "linear memory");

    const progress: [number, number][] = [];
    await weights.fill({ onProgress: (loaded, total) => progress.push([loaded, total]) });
    assert.deepEqual(progress.at(-1), [4 * rows * width, 4 * rows * width]);
    assert.equal(new Set(source.reads).size, source.reads.length);

    const out = inner.allocate(width);
    const ids = [Int32Array.of(1999)];
    inner.kernels.embeddingSum({ out, tables: [table], ids }, { rows: 1, width });
    assert.deepEqual(await readElements(inner, out, 0, width), ramp(rows * width).subarray(-width));
    weights.dispose();
    await inner.dispose();
  });
}

/** Bytes of linear memory; 0 where the backend has none. */
function memoryOf(backend: Backend): number {
  return backend instanceof WasmBackend ? backend.share.memory.buffer.byteLength : 0;
}

test("a table that is wanted as a matrix afterwards is an error, not a second copy", () => {
  const weights = Weights.of(checkpoint(), createJsBackend());
  weights.table("table", 2000, 1000);
  assert.throws(() => weights.matrix("table", 2000, 1000), { name: "TypeError", message: /"table"/ });
});
