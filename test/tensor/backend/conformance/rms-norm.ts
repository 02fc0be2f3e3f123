import assert from "node:assert/strict";
import { createReferenceBackend } from "../../../../src/tensor/backend/js/js-backend.ts";
import type { Backend } from "../../../../src/tensor/backend.ts";
import { rmsNormBound } from "../../../helpers/bounds.ts";
import { randomFloats, randomNumbers } from "../../../helpers/random.ts";
import { callKernel, type KernelInputs } from "./calls.ts";
import { type ConformanceCase, rowsOf } from "./case.ts";
import { assertSameBits, assertWithin } from "./memory.ts";

function randomNorm(rows: number, width: number, eps: number, scale = 1): KernelInputs<"rmsNorm"> {
  const random = randomNumbers(rows * 1e4 + width);
  return {
    x: randomFloats(random, rows * width, scale),
    weight: randomFloats(random, width),
    rows,
    width,
    eps,
  };
}

async function check(backend: Backend, inputs: KernelInputs<"rmsNorm">): Promise<void> {
  const actual = await callKernel(backend, "rmsNorm", inputs);
  const expected = await callKernel(createReferenceBackend(), "rmsNorm", inputs);
  const { rows, width, eps } = inputs;
  assertWithin(actual, expected, rmsNormBound(expected, width), `rmsNorm of [${rows}, ${width}], eps ${eps}`);
}

const WIDTHS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 33, 63, 65, 100, 128, 640, 1024];

export const RMS_NORM_CASES: readonly ConformanceCase[] = [
  {
    name: "rmsNorm: every element is right at every width and number of rows",
    run: async (backend) => {
      for (const [i, width] of WIDTHS.entries()) await check(backend, randomNorm((i % 9) + 1, width, 1e-6));
      for (let rows = 1; rows <= 9; rows++) await check(backend, randomNorm(rows, 20, 1e-5));
      await check(backend, randomNorm(130, 10, 1e-6));
    },
  },
  {
    name: "rmsNorm: eps stands under the root and counts for small rows",
    run: async (backend) => {
      for (const eps of [1e-12, 1e-6, 1e-3]) {
        for (const scale of [1e-6, 1e-3, 0.1, 1e4]) await check(backend, randomNorm(3, 12, eps, scale));
      }
    },
  },
  {
    name: "rmsNorm: the mean is not subtracted, and a row of zeros stays zeros",
    run: async (backend) => {
      const inputs = randomNorm(2, 9, 1e-6);
      await check(backend, { ...inputs, x: inputs.x.map((value) => 100 + value) });
      const zeros = await callKernel(backend, "rmsNorm", { ...inputs, x: new Float32Array(18) });
      assert.ok(zeros.every((value) => value === 0));
    },
  },
  {
    name: "rmsNorm: the output may be the input",
    run: async (backend) => {
      for (const width of [1, 6, 16, 33]) {
        const inputs = randomNorm(5, width, 1e-6);
        const apart = await callKernel(backend, "rmsNorm", inputs);
        assertSameBits(await callKernel(backend, "rmsNorm", { ...inputs, inPlace: "x" }), apart, "in place");
      }
    },
  },
  {
    name: "rmsNorm: a row gives the same bits alone and in any company",
    run: async (backend) => {
      for (const width of [1, 3, 13, 32, 100]) {
        const all = randomNorm(23, width, 1e-6);
        const together = await callKernel(backend, "rmsNorm", all);
        for (const count of [1, 2, 3, 5, 8]) {
          for (let first = 0; first + count <= 23; first += count) {
            const part = { ...all, x: rowsOf(all.x, width, first, count), rows: count };
            const expected = rowsOf(together, width, first, count);
            assertSameBits(
              await callKernel(backend, "rmsNorm", part),
              expected,
              `row ${first}, ${count} at once`,
            );
          }
        }
      }
    },
  },
  {
    name: "rmsNorm: NaN spoils its own row alone",
    run: async (backend) => {
      const inputs = randomNorm(3, 7, 1e-6);
      const clean = await callKernel(backend, "rmsNorm", inputs);
      const x = inputs.x.slice();
      x[10] = Number.NaN;
      const spoilt = await callKernel(backend, "rmsNorm", { ...inputs, x });
      for (let i = 0; i < 21; i++) {
        const inside = i >= 7 && i < 14;
        assert.ok(inside ? Number.isNaN(spoilt[i]) : spoilt[i] === clean[i], `element ${i}`);
      }
    },
  },
];
