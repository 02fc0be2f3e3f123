import { createReferenceBackend } from "../../../../src/tensor/backend/js/js-backend.ts";
import type { Backend } from "../../../../src/tensor/backend.ts";
import { layerNormBound } from "../../../helpers/bounds.ts";
import { randomFloats, randomNumbers } from "../../../helpers/random.ts";
import { callKernel, type KernelInputs } from "./calls.ts";
import { type ConformanceCase, rowsOf } from "./case.ts";
import { assertSameBits, assertWithin } from "./memory.ts";

/** Values around `center`, spread by `scale`. */
function randomNorm(
  rows: number,
  width: number,
  eps: number,
  center = 0,
  scale = 1,
): KernelInputs<"layerNorm"> {
  const random = randomNumbers(rows * 1e4 + width);
  return {
    x: randomFloats(random, rows * width, scale).map((value) => center + value),
    weight: randomFloats(random, width),
    bias: randomFloats(random, width),
    rows,
    width,
    eps,
  };
}

async function check(backend: Backend, inputs: KernelInputs<"layerNorm">): Promise<void> {
  const actual = await callKernel(backend, "layerNorm", inputs);
  const expected = await callKernel(createReferenceBackend(), "layerNorm", inputs);
  const { x, weight, rows, width, eps } = inputs;
  const bounds = layerNormBound(x, weight, expected, width, eps);
  assertWithin(actual, expected, bounds, `layerNorm of [${rows}, ${width}], eps ${eps}`);
}

const WIDTHS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 33, 63, 65, 100, 384, 768, 1024];

export const LAYER_NORM_CASES: readonly ConformanceCase[] = [
  {
    name: "layerNorm: every element is right at every width and number of rows",
    run: async (backend) => {
      for (const [i, width] of WIDTHS.entries()) await check(backend, randomNorm((i % 9) + 1, width, 1e-12));
      for (let rows = 1; rows <= 9; rows++) await check(backend, randomNorm(rows, 20, 1e-5));
      await check(backend, randomNorm(130, 10, 1e-12));
    },
  },
  {
    name: "layerNorm: eps stands under the root and counts for rows of tiny variance",
    run: async (backend) => {
      for (const eps of [1e-12, 1e-5, 1e-3]) {
        for (const scale of [1e-6, 1e-3, 0.1]) await check(backend, randomNorm(3, 12, eps, 0, scale));
      }
    },
  },
  {
    name: "layerNorm: a large mean does not swallow the differences",
    run: async (backend) => {
      for (const width of [5, 16, 384]) {
        await check(backend, randomNorm(3, width, 1e-12, 100));
        await check(backend, randomNorm(3, width, 1e-12, -1000));
      }
    },
  },
  {
    name: "layerNorm: a constant row gives the bias",
    run: async (backend) => {
      for (const width of [1, 4, 7, 16]) {
        const inputs = { ...randomNorm(2, width, 1e-5), x: new Float32Array(2 * width).fill(0.5) };
        const expected = Float32Array.from([...inputs.bias, ...inputs.bias]);
        assertWithin(
          await callKernel(backend, "layerNorm", inputs),
          expected,
          layerNormBound(inputs.x, inputs.weight, expected, width, 1e-5),
          `a constant row of ${width}`,
        );
      }
    },
  },
  {
    name: "layerNorm: the output may be the input",
    run: async (backend) => {
      for (const width of [1, 6, 16, 33]) {
        const inputs = randomNorm(5, width, 1e-12);
        const apart = await callKernel(backend, "layerNorm", inputs);
        assertSameBits(
          await callKernel(backend, "layerNorm", { ...inputs, inPlace: "x" }),
          apart,
          "in place",
        );
      }
    },
  },
  {
    name: "layerNorm: a row gives the same bits alone and in any company",
    run: async (backend) => {
      for (const width of [1, 3, 13, 32, 100]) {
        const all = randomNorm(23, width, 1e-12);
        const together = await callKernel(backend, "layerNorm", all);
        for (const count of [1, 2, 3, 5, 8]) {
          for (let first = 0; first + count <= 23; first += count) {
            const part = { ...all, x: rowsOf(all.x, width, first, count), rows: count };
            const expected = rowsOf(together, width, first, count);
            assertSameBits(
              await callKernel(backend, "layerNorm", part),
              expected,
              `row ${first}, ${count} at once`,
            );
          }
        }
      }
    },
  },
];
