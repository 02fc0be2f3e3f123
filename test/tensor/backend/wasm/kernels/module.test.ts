import assert from "node:assert/strict";
import { test } from "node:test";
import { nextMacrotask } from "../../../../../src/runtime/scheduling.ts";
import {
  assembleExtension,
  assembleKernels,
  isInExtension,
} from "../../../../../src/tensor/backend/wasm/kernels/module.ts";
import { ThreadedWasmBackend } from "../../../../../src/tensor/backend/wasm/threads/threaded-backend.ts";
import { TILE_6X8 } from "../../../../../src/tensor/backend/wasm/tiles.ts";
import { createWasmBackend } from "../../../../../src/tensor/backend/wasm/wasm-backend.ts";
import type { Backend } from "../../../../../src/tensor/backend.ts";
import { KERNEL_NAMES } from "../../../../../src/tensor/kernel-table.ts";
import { randomFloats, randomNumbers } from "../../../../helpers/random.ts";
import { callKernel } from "../../conformance/calls.ts";
import { assertSameBits } from "../../conformance/memory.ts";

test("every kernel is in one of the two modules, and what BERT calls is in the first", () => {
  const options = { tile: TILE_6X8, relaxed: false, sharedMemory: false };
  const exportsOf = (bytes: Uint8Array<ArrayBuffer>) =>
    WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name }) => name);
  const first = exportsOf(assembleKernels(options));
  const extension = exportsOf(assembleExtension(options));
  for (const [kernel, name] of KERNEL_NAMES.entries()) {
    assert.equal(first.includes(name), !isInExtension(kernel), name);
    assert.equal(extension.includes(name), isInExtension(kernel), name);
  }
  for (const name of ["linear", "embeddingSum", "layerNorm", "attention", "activation", "pool"]) {
    assert.ok(first.includes(name), name);
  }
});

/** Kernels of both modules by turns, on inputs that all of several threads have a part of. */
async function results(backend: Backend): Promise<Float32Array[]> {
  const random = randomNumbers(3);
  const [rows, heads, headDim, width] = [50, 3, 6, 18];
  const x = randomFloats(random, rows * width, 2);
  const angles = randomFloats(random, (rows * headDim) / 2, 3);
  const positions = Int32Array.from({ length: rows }, (_, i) => i);
  const [k, v] = [randomFloats(random, rows * headDim), randomFloats(random, rows * headDim)];
  return [
    await callKernel(backend, "rotary", {
      ...{ x, cosines: angles.map(Math.cos), sines: angles.map(Math.sin), positions },
      ...{ rows, heads, headDim },
    }),
    await callKernel(backend, "attention", {
      ...{ q: x, k, v, offsets: Int32Array.of(0, 7, 50), relativeBias: null },
      ...{ heads, kvHeads: 1, headDim, scale: 0.4, span: 0, before: 9, after: 0 },
    }),
    await callKernel(backend, "rmsNorm", {
      ...{ x, weight: randomFloats(random, width), rows, width, eps: 1e-6 },
    }),
    await callKernel(backend, "gatedProduct", {
      ...{ gate: x, up: x, rows, width: 9, activation: "silu", stride: width, gateColumn: 9, upColumn: 0 },
    }),
    await callKernel(backend, "activation", { x, activation: "gelu", length: x.length }),
  ];
}

test("kernels of either module give the same bits in one thread, two and three", async () => {
  const single = createWasmBackend();
  const expected = await results(single);
  for (const threads of [2, 3]) {
    for (const localWork of [0, Number.POSITIVE_INFINITY]) {
      const backend = new ThreadedWasmBackend(createWasmBackend(), threads, nextMacrotask, localWork);
      for (const [i, values] of (await results(backend)).entries()) {
        assertSameBits(values, expected[i]!, `call ${i} in ${threads} threads`);
      }
      await backend.dispose();
    }
  }
  single.dispose();
});
