import assert from "node:assert/strict";
import { createReferenceBackend } from "../../../../src/tensor/backend/js/js-backend.ts";
import type { Backend } from "../../../../src/tensor/backend.ts";
import { rotaryBound } from "../../../helpers/bounds.ts";
import { randomFloats, randomNumbers } from "../../../helpers/random.ts";
import { callKernel, type KernelInputs } from "./calls.ts";
import { type ConformanceCase, rowsOf } from "./case.ts";
import { assertSameBits, assertWithin } from "./memory.ts";

const POSITIONS = 40;

/** Rows at positions in no order, some of them more than once. */
function randomRotary(rows: number, heads: number, headDim: number): KernelInputs<"rotary"> {
  const random = randomNumbers(rows * 1e6 + heads * 1e3 + headDim);
  const angles = randomFloats(random, (POSITIONS * headDim) / 2, Math.PI);
  return {
    x: randomFloats(random, rows * heads * headDim, 3),
    cosines: angles.map(Math.cos),
    sines: angles.map(Math.sin),
    positions: Int32Array.from({ length: rows }, (_, row) => (row * 17) % POSITIONS),
    rows,
    heads,
    headDim,
  };
}

async function check(backend: Backend, inputs: KernelInputs<"rotary">): Promise<void> {
  const actual = await callKernel(backend, "rotary", inputs);
  const expected = await callKernel(createReferenceBackend(), "rotary", inputs);
  const { x, cosines, sines, positions, rows, heads, headDim } = inputs;
  const bounds = rotaryBound(x, cosines, sines, positions, inputs);
  assertWithin(actual, expected, bounds, `rotary of [${rows}, ${heads} × ${headDim}]`);
}

export const ROTARY_CASES: readonly ConformanceCase[] = [
  {
    name: "rotary: every element is right for any head size and number of rows and heads",
    run: async (backend) => {
      for (const headDim of [2, 4, 6, 8, 10, 14, 16, 18, 32, 64, 128, 256]) {
        for (const heads of [1, 2, 3]) await check(backend, randomRotary(5, heads, headDim));
      }
      for (let rows = 1; rows <= 9; rows++) await check(backend, randomRotary(rows, 2, 6));
      await check(backend, randomRotary(130, 2, 12));
    },
  },
  {
    name: "rotary: a quarter turn takes the second half to minus the first, and the first to the second",
    run: async (backend) => {
      const inputs = { ...randomRotary(1, 1, 4), x: Float32Array.of(1, 2, 3, 4) };
      const cosines = new Float32Array(inputs.cosines.length);
      const sines = cosines.map(() => 1);
      const turned = await callKernel(backend, "rotary", { ...inputs, cosines, sines });
      assertSameBits(turned, Float32Array.of(-3, -4, 1, 2), "a quarter turn");
      const still = await callKernel(backend, "rotary", { ...inputs, cosines: sines, sines: cosines });
      assertSameBits(still, inputs.x, "no turn");
    },
  },
  {
    name: "rotary: the output may be the input",
    run: async (backend) => {
      for (const headDim of [2, 6, 10, 14, 32]) {
        const inputs = randomRotary(5, 3, headDim);
        const apart = await callKernel(backend, "rotary", inputs);
        assertSameBits(await callKernel(backend, "rotary", { ...inputs, inPlace: "x" }), apart, "in place");
      }
    },
  },
  {
    name: "rotary: a row gives the same bits alone and in any company",
    run: async (backend) => {
      const all = randomRotary(23, 2, 10);
      const together = await callKernel(backend, "rotary", all);
      for (const count of [1, 2, 5]) {
        for (let first = 0; first + count <= 23; first += count) {
          const part = {
            ...all,
            x: rowsOf(all.x, 20, first, count),
            positions: all.positions.slice(first, first + count),
            rows: count,
          };
          const expected = rowsOf(together, 20, first, count);
          assertSameBits(
            await callKernel(backend, "rotary", part),
            expected,
            `row ${first}, ${count} at once`,
          );
        }
      }
    },
  },
  {
    name: "rotary: no rows, nothing written",
    run: async (backend) => {
      assert.equal((await callKernel(backend, "rotary", randomRotary(0, 2, 4))).length, 0);
    },
  },
];
