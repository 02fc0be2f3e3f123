import { createReferenceBackend } from "../../../../src/tensor/backend/js/js-backend.ts";
import type { Backend } from "../../../../src/tensor/backend.ts";
import { ACTIVATIONS, type ActivationName } from "../../../../src/tensor/kernel-table.ts";
import { gatedProductBound } from "../../../helpers/bounds.ts";
import { randomFloats, randomNumbers } from "../../../helpers/random.ts";
import { callKernel, type KernelInputs } from "./calls.ts";
import { allExponents, type ConformanceCase, rowsOf } from "./case.ts";
import { assertSameBits, assertWithin } from "./memory.ts";

function randomProduct(
  rows: number,
  width: number,
  activation: ActivationName,
): KernelInputs<"gatedProduct"> {
  const random = randomNumbers(rows * 1e4 + width);
  const gate = randomFloats(random, rows * width, 4);
  const up = randomFloats(random, rows * width, 3);
  return { gate, up, rows, width, activation, stride: width, gateColumn: 0, upColumn: 0 };
}

/** The same numbers side by side in rows of two halves. */
function sideBySide(
  inputs: KernelInputs<"gatedProduct">,
  gateColumn: number,
  upColumn: number,
): KernelInputs<"gatedProduct"> {
  const { gate, rows, width } = inputs;
  const both = new Float32Array(2 * rows * width);
  for (let row = 0; row < rows; row++) {
    both.set(rowsOf(gate, width, row, 1), 2 * row * width + gateColumn);
    both.set(rowsOf(inputs.up, width, row, 1), 2 * row * width + upColumn);
  }
  return { ...inputs, gate: both, up: both, stride: 2 * width, gateColumn, upColumn };
}

async function check(backend: Backend, inputs: KernelInputs<"gatedProduct">): Promise<void> {
  const { gate, up, activation, rows, width } = inputs;
  const reference = createReferenceBackend();
  const expected = await callKernel(reference, "gatedProduct", inputs);
  const activated = await callKernel(reference, "activation", { x: gate, activation, length: gate.length });
  const bounds = gatedProductBound(activation, gate, up, activated);
  const what = `gatedProduct, ${activation} of [${rows}, ${width}]`;
  assertWithin(await callKernel(backend, "gatedProduct", inputs), expected, bounds, what);
}

export const GATED_PRODUCT_CASES: readonly ConformanceCase[] = [
  {
    name: "gatedProduct: every element is right for every activation, width and number of rows",
    run: async (backend) => {
      for (const activation of ACTIVATIONS) {
        for (const width of [1, 3, 4, 5, 15, 16, 17, 33, 100]) {
          await check(backend, randomProduct(3, width, activation));
        }
      }
      for (let rows = 1; rows <= 9; rows++) await check(backend, randomProduct(rows, 20, "silu"));
      await check(backend, randomProduct(40, 1152, "gelu"));
    },
  },
  {
    name: "gatedProduct: gates at all exponents",
    run: async (backend) => {
      const gate = allExponents();
      const up = gate.map((value) => 1 / (1 + Math.abs(value)));
      const inputs = { ...randomProduct(1, gate.length, "silu"), gate, up };
      for (const activation of ACTIVATIONS) await check(backend, { ...inputs, activation });
    },
  },
  {
    name: "gatedProduct: halves side by side give the bits of two inputs, whichever is the gate",
    run: async (backend) => {
      for (const activation of ["gelu", "silu", "gelu_tanh"] as const) {
        for (const width of [1, 4, 7, 30]) {
          const apart = randomProduct(5, width, activation);
          const expected = await callKernel(backend, "gatedProduct", apart);
          const first = await callKernel(backend, "gatedProduct", sideBySide(apart, 0, width));
          assertSameBits(first, expected, `${activation}, ${width}, gate first`);
          const second = await callKernel(backend, "gatedProduct", sideBySide(apart, width, 0));
          assertSameBits(second, expected, `${activation}, ${width}, gate second`);
        }
      }
    },
  },
  {
    name: "gatedProduct: a row gives the same bits alone and in any company",
    run: async (backend) => {
      for (const width of [3, 16, 21]) {
        const all = randomProduct(11, width, "silu");
        const together = await callKernel(backend, "gatedProduct", all);
        for (const count of [1, 2, 5]) {
          for (let first = 0; first + count <= 11; first += count) {
            const part = {
              ...all,
              gate: rowsOf(all.gate, width, first, count),
              up: rowsOf(all.up, width, first, count),
              rows: count,
            };
            const expected = rowsOf(together, width, first, count);
            assertSameBits(
              await callKernel(backend, "gatedProduct", part),
              expected,
              `row ${first}, ${count}`,
            );
          }
        }
      }
    },
  },
];
