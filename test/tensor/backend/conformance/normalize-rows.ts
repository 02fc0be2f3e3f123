import assert from "node:assert/strict";
import { createReferenceBackend } from "../../../../src/tensor/backend/js/js-backend.ts";
import type { Backend } from "../../../../src/tensor/backend.ts";
import { normalizeRows } from "../../../../src/tensor/ops/normalize-rows.ts";
import { upload } from "../../../../src/tensor/ops/upload.ts";
import { Tensor } from "../../../../src/tensor/tensor.ts";
import { normalizeBound } from "../../../helpers/bounds.ts";
import { randomFloats, randomNumbers } from "../../../helpers/random.ts";
import { callKernel } from "./calls.ts";
import { type ConformanceCase, rowsOf } from "./case.ts";
import { assertSameBits, assertWithin } from "./memory.ts";

async function check(backend: Backend, x: Float32Array, rows: number, width: number): Promise<void> {
  const expected = await callKernel(createReferenceBackend(), "normalizeRows", { x, rows, width });
  const actual = await callKernel(backend, "normalizeRows", { x, rows, width });
  assertWithin(actual, expected, normalizeBound(expected, width), `normalizeRows of [${rows}, ${width}]`);
}

export const NORMALIZE_ROWS_CASES: readonly ConformanceCase[] = [
  {
    name: "normalizeRows: the op rejects a tensor without axes",
    run: async (backend) => {
      const scalar = upload(backend, Tensor.from([1], []));
      assert.throws(() => normalizeRows(scalar), {
        name: "ShapeError",
        message: /at least one axis, got none/,
      });
      backend.free(scalar.storage);
    },
  },
  {
    name: "normalizeRows: every element is right at every width and number of rows",
    run: async (backend) => {
      for (const [i, width] of [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 384, 1024].entries()) {
        const rows = (i % 9) + 1;
        await check(backend, randomFloats(randomNumbers(width), rows * width), rows, width);
      }
    },
  },
  {
    name: "normalizeRows: rows shorter than 1e-12 are divided by that, zeros stay zeros",
    run: async (backend) => {
      const x = Float32Array.of(0, 0, -0, 0, 1e-13, 2e-13, 0, -3e-13, 1e-11, 0, 2e-11, 0, 1e-20, 0, 0, 0);
      await check(backend, x, 4, 4);
    },
  },
  {
    name: "normalizeRows: long and short rows beside each other",
    run: async (backend) => {
      const x = randomFloats(randomNumbers(5), 6 * 20);
      for (const [i, scale] of [1e15, 1e-10, 1, 1e6, 1e-5, 1e10].entries()) {
        for (let j = 0; j < 20; j++) x[i * 20 + j]! *= scale;
      }
      await check(backend, x, 6, 20);
    },
  },
  {
    name: "normalizeRows: the output may be the input",
    run: async (backend) => {
      for (const width of [1, 6, 16, 33]) {
        const x = randomFloats(randomNumbers(width), 5 * width);
        const apart = await callKernel(backend, "normalizeRows", { x, rows: 5, width });
        assertSameBits(
          await callKernel(backend, "normalizeRows", { x, rows: 5, width, inPlace: "x" }),
          apart,
          "in place",
        );
      }
    },
  },
  {
    name: "normalizeRows: a row gives the same bits alone and in any company",
    run: async (backend) => {
      for (const width of [1, 3, 13, 32, 100]) {
        const x = randomFloats(randomNumbers(width), 13 * width);
        const together = await callKernel(backend, "normalizeRows", { x, rows: 13, width });
        for (let row = 0; row < 13; row++) {
          const alone = await callKernel(backend, "normalizeRows", {
            x: rowsOf(x, width, row, 1),
            rows: 1,
            width,
          });
          assertSameBits(alone, rowsOf(together, width, row, 1), `row ${row} alone`);
        }
      }
    },
  },
];
