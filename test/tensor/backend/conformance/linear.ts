import assert from "node:assert/strict";
import { ENCODERS, linearShapes } from "../../../../bench/shapes.ts";
import { createReferenceBackend } from "../../../../src/tensor/backend/js/js-backend.ts";
import type { ActivationName, Backend } from "../../../../src/tensor/backend.ts";
import { ACTIVATIONS } from "../../../../src/tensor/kernel-table.ts";
import { linearBound } from "../../../helpers/bounds.ts";
import { randomFloats, randomNumbers } from "../../../helpers/random.ts";
import { callKernel, type KernelInputs } from "./calls.ts";
import { type ConformanceCase, rowsOf, shuffledChunks } from "./case.ts";
import { assertSameBits, assertWithin } from "./memory.ts";

const SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 16, 17, 24, 33];

interface LinearOptions {
  readonly activation?: ActivationName | null;
  readonly bias?: boolean;
  readonly residual?: boolean;
}

function randomLinear(
  rows: number,
  inFeatures: number,
  outFeatures: number,
  { activation = null, bias = true, residual = false }: LinearOptions = {},
): KernelInputs<"linear"> {
  const random = randomNumbers(rows * 1e6 + inFeatures * 1e3 + outFeatures);
  return {
    x: randomFloats(random, rows * inFeatures),
    weight: randomFloats(random, outFeatures * inFeatures),
    bias: bias ? randomFloats(random, outFeatures) : null,
    residual: residual ? randomFloats(random, rows * outFeatures) : null,
    rows,
    inFeatures,
    outFeatures,
    activation,
  };
}

async function check(backend: Backend, inputs: KernelInputs<"linear">): Promise<void> {
  const actual = await callKernel(backend, "linear", inputs);
  const expected = await callKernel(createReferenceBackend(), "linear", inputs);
  const { rows, inFeatures, outFeatures, activation } = inputs;
  const shape = `[${rows}, ${inFeatures}] · [${outFeatures}, ${inFeatures}]ᵀ, ${activation ?? "no activation"}`;
  assertWithin(actual, expected, linearBound(inputs, expected), shape);
}

export const LINEAR_CASES: readonly ConformanceCase[] = [
  {
    name: "linear: every element is right at the sizes around any tile",
    run: async (backend) => {
      let rows = 0;
      for (const inFeatures of SIZES) {
        for (const outFeatures of SIZES) {
          rows = (rows % 9) + 1;
          await check(backend, randomLinear(rows, inFeatures, outFeatures));
        }
      }
      for (let rows = 1; rows <= 9; rows++) {
        await check(backend, randomLinear(rows, 8, 8));
        await check(backend, randomLinear(rows, 19, 21));
      }
    },
  },
  {
    name: "linear: every element is right where blocks end",
    run: async (backend) => {
      for (const rows of [15, 16, 17, 63, 64, 65, 130]) await check(backend, randomLinear(rows, 6, 10));
      for (const outFeatures of [63, 64, 65, 191, 192, 193, 257, 400]) {
        await check(backend, randomLinear(3, 10, outFeatures));
      }
      for (const inFeatures of [255, 256, 257, 511, 512, 513, 1030]) {
        await check(backend, randomLinear(3, inFeatures, 7));
      }
      // More than the L2 cache has room for: several blocks of rows, of one and of several blocks of depth.
      for (const [rows, inFeatures] of [
        [530, 512],
        [350, 1030],
      ] as const) {
        await check(backend, randomLinear(rows, inFeatures, 9, { activation: "relu", residual: true }));
      }
    },
  },
  {
    name: "linear: the layers of real models",
    run: async (backend) => {
      for (const { inFeatures, outFeatures } of linearShapes(ENCODERS["MiniLM-L6"])) {
        await check(backend, randomLinear(2, inFeatures, outFeatures));
      }
      // The larger ones at their full depth, with as many columns as a second suffices for.
      for (const encoder of [ENCODERS["bge-base"], ENCODERS["e5-large"]]) {
        for (const { inFeatures } of linearShapes(encoder)) {
          await check(backend, randomLinear(2, inFeatures, 100));
        }
      }
    },
  },
  {
    name: "linear: activation comes after the bias and before the residual",
    run: async (backend) => {
      for (const activation of [null, ...ACTIVATIONS]) {
        for (const bias of [false, true]) {
          for (const residual of [false, true]) {
            await check(backend, randomLinear(5, 3, 17, { activation, bias, residual }));
            await check(backend, randomLinear(2, 40, 6, { activation, bias, residual }));
          }
        }
      }
    },
  },
  {
    name: "linear: the residual may be the output",
    run: async (backend) => {
      for (const activation of [null, "gelu"] as const) {
        for (const [rows, inFeatures, outFeatures] of [
          [1, 5, 3],
          [7, 12, 33],
          [66, 20, 200],
        ] as const) {
          const inputs = randomLinear(rows, inFeatures, outFeatures, { activation, residual: true });
          const apart = await callKernel(backend, "linear", inputs);
          assertSameBits(
            await callKernel(backend, "linear", { ...inputs, inPlace: "residual" }),
            apart,
            "in place",
          );
        }
      }
    },
  },
  {
    name: "linear: a row gives the same bits alone and in any company",
    run: async (backend) => {
      for (const [inFeatures, outFeatures] of [
        [5, 3],
        [13, 17],
        [96, 50],
        [600, 20],
      ] as const) {
        for (const options of [{}, { activation: "gelu", residual: true }] as const) {
          const all = randomLinear(67, inFeatures, outFeatures, options);
          const together = await callKernel(backend, "linear", all);
          const part = async (first: number, count: number): Promise<void> => {
            const rows = await callKernel(backend, "linear", {
              ...all,
              x: rowsOf(all.x, inFeatures, first, count),
              residual: all.residual === null ? null : rowsOf(all.residual, outFeatures, first, count),
              rows: count,
            });
            const expected = rowsOf(together, outFeatures, first, count);
            assertSameBits(rows, expected, `rows ${first} … of [67, ${inFeatures}], ${count} at once`);
          };
          for (let row = 0; row < 67; row += inFeatures > 100 ? 6 : 1) await part(row, 1);
          for (let count = 2; count <= 9; count++) await part(count, count);
        }
      }
    },
  },
  {
    name: "linear: the weight may be written in any portions and any order",
    run: async (backend) => {
      for (const [inFeatures, outFeatures] of [
        [5, 1],
        [7, 20],
        [12, 67],
      ] as const) {
        const inputs = randomLinear(3, inFeatures, outFeatures);
        const whole = await callKernel(backend, "linear", inputs);
        for (const size of [1, 2, 3, 5, 8, 13]) {
          const chunks = shuffledChunks(outFeatures, size);
          assertSameBits(
            await callKernel(backend, "linear", { ...inputs, chunks }),
            whole,
            `portions of ${size} rows`,
          );
        }
      }
    },
  },
  {
    name: "linear: the weight may be read straight into the matrix's own memory, where it has any",
    run: async (backend) => {
      const probe = backend.parameters.createMatrix(1, 1, "float32");
      const inPlace = backend.parameters.inPlace(probe);
      backend.parameters.free(probe);
      if (inPlace === null) return;
      const { unit } = inPlace;
      for (const [inFeatures, outFeatures] of [
        [5, 1],
        [1, 8],
        [7, 20],
        [12, 67],
        [3, 3 * unit + 5],
        [9, 2 * unit],
      ] as const) {
        const inputs = randomLinear(3, inFeatures, outFeatures);
        const whole = await callKernel(backend, "linear", inputs);
        assertSameBits(
          await callKernel(backend, "linear", { ...inputs, packed: true }),
          whole,
          "all at once",
        );
        const chunks = shuffledChunks(outFeatures, unit);
        assertSameBits(
          await callKernel(backend, "linear", { ...inputs, chunks, packed: true }),
          whole,
          "in portions",
        );
      }
    },
  },
  {
    name: "linear: NaN and infinity reach their own row and column only",
    run: async (backend) => {
      for (const [rows, inFeatures, outFeatures] of [
        [5, 6, 7],
        [9, 19, 13],
      ] as const) {
        const inputs = randomLinear(rows, inFeatures, outFeatures);
        const clean = await callKernel(backend, "linear", inputs);
        for (const poison of [Number.NaN, Number.POSITIVE_INFINITY]) {
          const x = inputs.x.slice();
          x[2 * inFeatures + 1] = poison;
          const spoiltRow = await callKernel(backend, "linear", { ...inputs, x });
          const weight = inputs.weight.slice();
          weight[3 * inFeatures + 1] = poison;
          const spoiltColumn = await callKernel(backend, "linear", { ...inputs, weight });
          for (let i = 0; i < clean.length; i++) {
            const row = Math.floor(i / outFeatures);
            const column = i % outFeatures;
            assert.equal(Number.isFinite(spoiltRow[i]), row !== 2, `${poison} in row 2, element ${i}`);
            assert.equal(
              Number.isFinite(spoiltColumn[i]),
              column !== 3,
              `${poison} in column 3, element ${i}`,
            );
            if (row !== 2) assert.equal(spoiltRow[i], clean[i]);
            if (column !== 3) assert.equal(spoiltColumn[i], clean[i]);
          }
        }
      }
    },
  },
  {
    name: "linear: no rows, nothing written",
    run: async (backend) => {
      assert.equal((await callKernel(backend, "linear", randomLinear(0, 4, 5))).length, 0);
    },
  },
  {
    name: "linear: denormal results are kept",
    run: async (backend) => {
      const weight = Float32Array.of(2 ** -140, -(2 ** -149), 2 ** -127);
      const inputs = { ...randomLinear(1, 1, 3, { bias: false }), x: Float32Array.of(1), weight };
      assertSameBits(await callKernel(backend, "linear", inputs), weight, "1 · weight");
    },
  },
];
