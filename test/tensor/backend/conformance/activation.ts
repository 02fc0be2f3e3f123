import assert from "node:assert/strict";
import { createReferenceBackend } from "../../../../src/tensor/backend/js/js-backend.ts";
import type { ActivationName, Backend } from "../../../../src/tensor/backend.ts";
import { ACTIVATIONS } from "../../../../src/tensor/kernel-table.ts";
import { activationBound, UNIT_ROUNDOFF } from "../../../helpers/bounds.ts";
import { randomFloats, randomNumbers } from "../../../helpers/random.ts";
import { callKernel } from "./calls.ts";
import { allExponents, type ConformanceCase } from "./case.ts";
import { assertSameBits, assertWithin } from "./memory.ts";

function callActivation(
  backend: Backend,
  activation: ActivationName,
  x: Float32Array,
  inPlace?: "x",
): Promise<Float32Array> {
  return callKernel(backend, "activation", { x, activation, length: x.length, inPlace });
}

async function check(backend: Backend, name: ActivationName, x: Float32Array): Promise<void> {
  const expected = await callActivation(createReferenceBackend(), name, x);
  const bounds = Float64Array.from(
    expected,
    (value, i) => activationBound(name, x[i]!, value) + UNIT_ROUNDOFF * Math.abs(value),
  );
  assertWithin(await callActivation(backend, name, x), expected, bounds, name);
}

/** A fine grid where the functions bend, and the places where f32 exponentials overflow and underflow. */
function interestingValues(): Float32Array {
  const grid = Array.from({ length: 4801 }, (_, i) => (i - 2400) / 160);
  const edges = [44.36, 44.37, 87.33, 87.34, 88.02, 88.37, 88.72, 88.73, 89, 103.27, 103.9, 104, 120, 1e4];
  return Float32Array.from([...grid, ...edges, ...edges.map((edge) => -edge)]);
}

export const ACTIVATION_CASES: readonly ConformanceCase[] = [
  ...ACTIVATIONS.flatMap((name): ConformanceCase[] => [
    {
      name: `activation: ${name} is right where it bends and at all exponents`,
      run: async (backend) => {
        await check(backend, name, interestingValues());
        await check(backend, name, allExponents());
      },
    },
    {
      name: `activation: ${name} gives the same bits at every place of an array of any length`,
      run: async (backend) => {
        const values = randomFloats(randomNumbers(1), 41, 4);
        const expected = await callActivation(backend, name, values);
        for (let length = 1; length <= 20; length++) {
          for (const start of [0, 1, 2, 3, 21]) {
            const part = values.slice(start, start + length);
            const result = await callActivation(backend, name, part);
            assertSameBits(result, expected.slice(start, start + length), `${length} from ${start}`);
          }
        }
      },
    },
    {
      name: `activation: ${name} in place`,
      run: async (backend) => {
        for (const length of [1, 4, 7, 1030]) {
          const values = randomFloats(randomNumbers(length), length, 4);
          const apart = await callActivation(backend, name, values);
          assertSameBits(await callActivation(backend, name, values, "x"), apart, `${length} in place`);
        }
      },
    },
    {
      name: `activation: ${name} of NaN is NaN, of +0 and −0 what it is of 0, of infinities the limit`,
      run: async (backend) => {
        const x = Float32Array.of(Number.NaN, 0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
        for (const shift of [0, 1, 2, 3]) {
          // At every place of a vector of four, beside ordinary numbers.
          const values = Float32Array.from([...new Array<number>(shift).fill(1), ...x]);
          const result = (await callActivation(backend, name, values)).slice(shift);
          assert.ok(Number.isNaN(result[0]), `${name}(NaN) is ${result[0]}`);
          const zero = name === "sigmoid" ? 0.5 : 0;
          assert.equal(result[1]! + 0, zero);
          assert.equal(result[2]! + 0, zero);
          const [high, low] =
            name === "tanh" ? [1, -1] : name === "sigmoid" ? [1, 0] : [Number.POSITIVE_INFINITY, 0];
          assert.equal(result[3], high);
          // x · f(x) with f(−∞) = 0 is NaN by the formula, as in the reference; the limit is 0.
          const formula = name === "gelu" || name === "gelu_tanh" || name === "silu";
          if (!(formula && Number.isNaN(result[4]))) assert.equal(result[4]! + 0, low);
        }
      },
    },
  ]),
  {
    name: "activation: denormal results are kept",
    run: async (backend) => {
      const x = Float32Array.of(2 ** -149, 2 ** -140, 1.5 * 2 ** -127, -(2 ** -149));
      const relu = await callActivation(backend, "relu", x);
      assertSameBits(relu.slice(0, 3), x.slice(0, 3), "relu");
      assertSameBits(await callActivation(backend, "tanh", x), x, "tanh");
    },
  },
];
