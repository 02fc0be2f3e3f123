/** The memory of the kernels: what fits, what does not, and what lies outside. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryCheckpoint } from "../../../../src/checkpoint/memory-checkpoint.ts";
import { Weights } from "../../../../src/nn/weights.ts";
import { Heap } from "../../../../src/tensor/backend/wasm/heap.ts";
import { createWasmBackend, WasmBackend } from "../../../../src/tensor/backend/wasm/wasm-backend.ts";
import { readElements } from "../../../../src/tensor/read.ts";
import { randomNumbers } from "../../../helpers/random.ts";

function memory(maximum: number): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum });
}

test("blocks never overlap, lie on cache lines, and are given out again when they are free", () => {
  const heap = new Heap(memory(400), 400);
  const random = randomNumbers(7);
  const live: { start: number; end: number }[] = [];
  for (let step = 0; step < 3000; step++) {
    if (live.length > 30 || (live.length > 0 && random() < 0.45)) {
      heap.free(live.splice(Math.floor(random() * live.length), 1)[0]!.start);
      continue;
    }
    const bytes = Math.floor(random() ** 3 * 300_000);
    const start = heap.allocate(bytes);
    assert.ok(start >= 65536 && start % 64 === 0);
    for (const other of live) assert.ok(start >= other.end || start + bytes <= other.start, `step ${step}`);
    live.push({ start, end: start + bytes });
  }
  for (const { start } of live) heap.free(start);
  assert.equal(heap.bytesInUse, 0);
  // All of it is one piece again: a block of that size needs no growth.
  const size = heap.memory.buffer.byteLength;
  heap.allocate(size - 2 * 65536);
  assert.equal(heap.memory.buffer.byteLength, size);
});

test("a block that was given back, or never was one, is a mistake", () => {
  const heap = new Heap(memory(8), 8);
  const block = heap.allocate(10);
  heap.free(block);
  assert.throws(() => heap.free(block), RangeError);
  assert.throws(() => heap.free(123), RangeError);
});

test("weights that do not fit are refused, with what is missing, before anything is read", () => {
  const { share } = createWasmBackend();
  const mostPages = 32;
  const backend = new WasmBackend({
    ...share,
    mostPages,
    memory: new WebAssembly.Memory({
      initial: 1,
      maximum: mostPages,
      shared: share.features.sharedMemory,
    }),
  });
  const inner = memoryCheckpoint("large.safetensors", [
    { name: "a", shape: [300, 1000], values: new Float32Array(300_000) },
    { name: "b", shape: [300, 1000], values: new Float32Array(300_000) },
  ]);
  let reads = 0;
  const weights = Weights.of(
    {
      ...inner,
      readFloat32: async (...args) => {
        reads++;
        await inner.readFloat32(...args);
      },
    },
    backend,
  );
  weights.matrix("a", 300, 1000);
  assert.throws(() => weights.matrix("b", 300, 1000), {
    name: "UnsupportedError",
    message:
      /^wasm: 1\.\d MB do not fit beside the 1\.\d MB in use: WebAssembly's memory here ends at 2 MB; the backend "js" has no such limit$/,
  });
  assert.equal(reads, 0);
  weights.dispose();
  backend.dispose();
});

test("a large table lies outside of the kernels' memory, and its rows are found there", async () => {
  const backend = createWasmBackend();
  const [rows, width] = [40_000, 440]; // 70 MB
  const before = backend.share.memory.buffer.byteLength;
  const table = backend.parameters.createTable(rows, width);
  assert.equal(backend.share.memory.buffer.byteLength, before);
  const small = backend.parameters.createTable(2, width);
  backend.parameters.write(
    small,
    Float32Array.from({ length: 2 * width }, (_, i) => 1000 * i),
    0,
  );
  const row = (number: number) => Float32Array.from({ length: width }, (_, i) => number + i / 1024);
  for (const number of [0, 17, rows - 1]) backend.parameters.write(table, row(number), number);
  const ids = Int32Array.of(rows - 1, 0, 17, rows - 1);
  const out = backend.allocate(4 * width);
  backend.kernels.embeddingSum(
    { out, tables: [table, small], ids: [ids, Int32Array.of(0, 1, 1, 0)] },
    { rows: 4, width },
  );
  const sums = await readElements(backend, out, 0, 4 * width);
  for (const [at, id] of ids.entries()) {
    const other = at === 1 || at === 2 ? width : 0;
    const expected = row(id).map((value, i) => Math.fround(value + 1000 * (other + i)));
    assert.deepEqual(sums.subarray(at * width, (at + 1) * width), expected);
  }
  assert.equal(backend.parameters.inPlace(table)?.memory.length, rows * width);
  backend.dispose();
});
