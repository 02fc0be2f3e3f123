import assert from "node:assert/strict";
import { createReferenceBackend } from "../../../../src/tensor/backend/js/js-backend.ts";
import type { Backend, PoolingReduction } from "../../../../src/tensor/backend.ts";
import { REDUCTIONS } from "../../../../src/tensor/kernel-table.ts";
import { poolBound } from "../../../helpers/bounds.ts";
import { randomFloats, randomNumbers } from "../../../helpers/random.ts";
import { callKernel, type KernelInputs } from "./calls.ts";
import { type ConformanceCase, rowsOf } from "./case.ts";
import { assertSameBits, assertWithin } from "./memory.ts";

const LENGTHS = [3, 1, 0, 2, 9, 4, 0, 17, 70];

function randomPool(reduction: PoolingReduction, width: number, skip: number): KernelInputs<"pool"> {
  const random = randomNumbers(width * 10 + skip);
  const starts = Int32Array.from(LENGTHS, (_, i) => LENGTHS.slice(0, i).reduce((sum, n) => sum + n, 0));
  const ends = starts.map((start, i) => start + LENGTHS[i]!);
  const tokens = ends.at(-1)!;
  return {
    // Mostly negative: a maximum that began at 0 would show.
    x: randomFloats(random, tokens * width).map((value) => value - 0.75),
    starts,
    ends,
    skip,
    reduction,
    width,
    outStride: width,
    outColumn: 0,
  };
}

/** The values of one sequence and column that count. */
function counted(
  { x, starts, ends, skip, width }: KernelInputs<"pool">,
  sequence: number,
  column: number,
): Float32Array {
  const length = Math.max(ends[sequence]! - starts[sequence]! - skip, 0);
  return Float32Array.from({ length }, (_, p) => x[(starts[sequence]! + skip + p) * width + column]!);
}

async function check(backend: Backend, inputs: KernelInputs<"pool">): Promise<void> {
  const expected = await callKernel(createReferenceBackend(), "pool", inputs);
  const actual = await callKernel(backend, "pool", inputs);
  const { reduction, width, outStride, outColumn, skip } = inputs;
  const bounds = Float64Array.from(expected, (_, i) => {
    const column = (i % outStride) - outColumn;
    if (column < 0 || column >= width) return 0; // not this result's: must still be NaN
    return poolBound(reduction, counted(inputs, Math.floor(i / outStride), column), skip);
  });
  assertWithin(actual, expected, bounds, `${reduction} at width ${width}, skipping ${skip}`);
}

export const POOL_CASES: readonly ConformanceCase[] = [
  ...REDUCTIONS.flatMap((reduction): ConformanceCase[] => [
    {
      name: `pool: ${reduction} over sequences of any length, with and without skipped rows`,
      run: async (backend) => {
        for (const width of [1, 2, 3, 4, 5, 7, 8, 9, 17, 33, 384]) {
          for (const skip of [0, 1, 3]) await check(backend, randomPool(reduction, width, skip));
        }
      },
    },
    {
      name: `pool: ${reduction} writes its own columns only`,
      run: async (backend) => {
        for (const [width, outStride, outColumn] of [
          [3, 8, 0],
          [5, 12, 4],
          [4, 12, 8],
        ] as const) {
          const inputs = { ...randomPool(reduction, width, 1), outStride, outColumn };
          await check(backend, inputs);
          const out = await callKernel(backend, "pool", inputs);
          const written = out.reduce((count, value) => count + (Number.isNaN(value) ? 0 : 1), 0);
          assert.equal(written, LENGTHS.length * width, "elements written");
        }
      },
    },
    {
      name: `pool: ${reduction} of sequences in any order, with gaps between them`,
      run: async (backend) => {
        const inputs = randomPool(reduction, 6, 0);
        const starts = Int32Array.of(50, 3, 20, 3);
        const ends = Int32Array.of(61, 5, 20, 9);
        await check(backend, { ...inputs, starts, ends });
      },
    },
    {
      name: `pool: ${reduction} of a sequence gives the same bits alone and in any company`,
      run: async (backend) => {
        for (const width of [1, 5, 33]) {
          const all = randomPool(reduction, width, 1);
          const together = await callKernel(backend, "pool", all);
          for (let i = 0; i < LENGTHS.length; i++) {
            const alone = await callKernel(backend, "pool", {
              ...all,
              x: rowsOf(all.x, width, all.starts[i]!, LENGTHS[i]!),
              starts: Int32Array.of(0),
              ends: Int32Array.of(LENGTHS[i]!),
            });
            assertSameBits(alone, rowsOf(together, width, i, 1), `sequence ${i} alone`);
          }
        }
      },
    },
  ]),
  {
    name: "pool: without a row that counts, sums are 0, max is −∞, first is the sequence's first row, last is 0",
    run: async (backend) => {
      const x = Float32Array.of(1, -2, 3, -4);
      const expected: Record<PoolingReduction, number[]> = {
        first: [1, -2, 3, -4, 0, 0],
        last: [0, 0, 0, 0, 0, 0],
        max: new Array<number>(6).fill(Number.NEGATIVE_INFINITY),
        mean: [0, 0, 0, 0, 0, 0],
        mean_sqrt_length: [0, 0, 0, 0, 0, 0],
        weighted_mean: [0, 0, 0, 0, 0, 0],
      };
      for (const reduction of REDUCTIONS) {
        const result = await callKernel(backend, "pool", {
          x,
          starts: Int32Array.of(0, 1, 2),
          ends: Int32Array.of(1, 2, 2),
          skip: 5,
          reduction,
          width: 2,
          outStride: 2,
          outColumn: 0,
        });
        assert.deepEqual([...result], expected[reduction], reduction);
      }
    },
  },
  {
    name: "pool: first and last copy a row with all its bits",
    run: async (backend) => {
      const row = [0, -0, 2 ** -149, -3.4e38, Number.NEGATIVE_INFINITY, Number.NaN, 1e-20];
      const other = new Array<number>(7).fill(1);
      for (const reduction of ["first", "last"] as const) {
        const result = await callKernel(backend, "pool", {
          x: Float32Array.from(reduction === "first" ? [...row, ...other] : [...other, ...row]),
          starts: Int32Array.of(0),
          ends: Int32Array.of(2),
          skip: 0,
          reduction,
          width: 7,
          outStride: 7,
          outColumn: 0,
        });
        assertSameBits(result, Float32Array.from(row), reduction);
      }
    },
  },
  {
    name: "pool: NaN and infinity reach their own sequence and column only",
    run: async (backend) => {
      for (const reduction of ["max", "mean", "weighted_mean"] as const) {
        const inputs = randomPool(reduction, 5, 0);
        for (const poison of [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]) {
          const x = inputs.x.slice();
          x[(inputs.starts[4]! + 1) * 5 + 2] = poison;
          const spoilt = await callKernel(backend, "pool", { ...inputs, x });
          const expected = await callKernel(createReferenceBackend(), "pool", { ...inputs, x });
          const clean = await callKernel(backend, "pool", inputs);
          const place = 4 * 5 + 2;
          assert.ok(Object.is(spoilt[place], expected[place]), `${reduction} with ${poison}`);
          spoilt[place] = clean[place]!;
          assertSameBits(spoilt, clean, `${reduction} beside ${poison}`);
        }
      }
    },
  },
];
