import type { Backend } from "../../../../src/tensor/backend.ts";
import { randomFloats, randomNumbers } from "../../../helpers/random.ts";
import { callKernel } from "./calls.ts";
import { allExponents, type ConformanceCase } from "./case.ts";
import { assertSameBits } from "./memory.ts";

function callAdd(
  backend: Backend,
  a: Float32Array,
  b: Float32Array,
  inPlace?: "a" | "b",
): Promise<Float32Array> {
  return callKernel(backend, "add", { a, b, length: a.length, inPlace });
}

export const ADD_CASES: readonly ConformanceCase[] = [
  {
    name: "add: exactly the rounded sum, at every length",
    run: async (backend) => {
      for (const length of [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 1000, 1029]) {
        const a = randomFloats(randomNumbers(length), length);
        const b = randomFloats(randomNumbers(length + 1), length, 100);
        const expected = a.map((value, i) => value + b[i]!);
        assertSameBits(await callAdd(backend, a, b), expected, `${length} elements`);
      }
    },
  },
  {
    name: "add: the output may be either input",
    run: async (backend) => {
      for (const length of [1, 4, 7, 100]) {
        const a = randomFloats(randomNumbers(length), length);
        const b = randomFloats(randomNumbers(length + 1), length);
        const expected = a.map((value, i) => value + b[i]!);
        assertSameBits(await callAdd(backend, a, b, "a"), expected, "a");
        assertSameBits(await callAdd(backend, a, b, "b"), expected, "b");
      }
    },
  },
  {
    name: "add: zeros, infinities and NaN as in IEEE 754",
    run: async (backend) => {
      const special = [0, -0, 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 3.4e38];
      const a = Float32Array.from(special.flatMap((value) => special.map(() => value)));
      const b = Float32Array.from(special.flatMap(() => special));
      assertSameBits(
        await callAdd(backend, a, b),
        Float32Array.from(a, (value, i) => value + b[i]!),
        "a + b",
      );
    },
  },
  {
    name: "add: denormal results are kept",
    run: async (backend) => {
      const a = allExponents();
      assertSameBits(await callAdd(backend, a, new Float32Array(a.length)), a, "a + 0");
    },
  },
];
