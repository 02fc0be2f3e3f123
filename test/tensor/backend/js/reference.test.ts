/** The reference kernels, on which all other tests of kernels rest, against PyTorch and mpmath in float64. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { createReferenceBackend } from "../../../../src/tensor/backend/js/js-backend.ts";
import { erf, erfc } from "../../../../src/tensor/backend/js/reference/erf.ts";
import type { Backend } from "../../../../src/tensor/backend.ts";
import type { KernelDeclaration, OperandKind } from "../../../../src/tensor/kernel.ts";
import { KERNEL_NAMES, KERNELS, type KernelName } from "../../../../src/tensor/kernel-table.ts";
import { callKernel, type KernelInputs } from "../conformance/calls.ts";

type Values = readonly number[];

/** A call, with lists for arrays, and its result. Results with -inf say so in words, which JSON has no number for. */
interface FixtureCall {
  readonly expected: readonly (number | "-inf")[];
  readonly [given: string]: unknown;
}

interface Fixture {
  readonly oracle: Readonly<Record<string, string>>;
  readonly erf: { readonly x: Values; readonly erf: Values; readonly erfc: Values };
}

const file = new URL("../../../fixtures/kernels/kernels.json.gz", import.meta.url);
const fixture = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Fixture &
  Readonly<Partial<Record<KernelName, readonly FixtureCall[]>>>;
const oracle = Object.entries(fixture.oracle)
  .map(([name, version]) => `${name} ${version}`)
  .join(", ");

const backend: Backend = createReferenceBackend();

/** The f64 result, rounded once to f32. */
function assertRounded(actual: Float32Array, expected: readonly number[], message: string): void {
  assert.equal(actual.length, expected.length, message);
  for (const [i, value] of expected.entries()) {
    const bound = 2 ** -24 * Math.abs(value) * (1 + 1e-6) + 2 ** -150;
    if (actual[i] === value || Math.abs(actual[i]! - value) <= bound) continue;
    assert.fail(`${message}: element ${i} is ${actual[i]}, expected ${value} ± ${bound}`);
  }
}

/** How many calls of each kernel the oracle has made, where it is easy to lose one; `add` is exact, and needs none. */
const COUNTS: Readonly<Partial<Record<KernelName, number>>> = { linear: 7, pool: 12, activation: 6, add: 0 };

/** The call's arrays, as its declaration says what they are. */
function inputsOf(name: KernelName, call: FixtureCall): KernelInputs<KernelName> {
  const { operands }: KernelDeclaration = KERNELS[name];
  const array = (kind: OperandKind, values: Values) =>
    kind === "integers" ? Int32Array.from(values) : Float32Array.from(values);
  const arrays = operands
    .filter((operand) => Array.isArray(call[operand.name]))
    .map(({ name: operand, kind, list }) => {
      const given = call[operand];
      const value =
        list === true
          ? (given as readonly Values[]).map((values) => array(kind, values))
          : array(kind, given as Values);
      return [operand, value] as const;
    });
  // What the oracle has no word for: its results lie beside no others.
  const layout = { length: call.expected.length, outStride: call.width, outColumn: 0 };
  return { ...layout, ...call, ...Object.fromEntries(arrays) } as unknown as KernelInputs<KernelName>;
}

for (const name of KERNEL_NAMES) {
  const calls = fixture[name] ?? [];
  test(`the reference of ${name} gives what ${oracle} gives`, async () => {
    if (COUNTS[name] === undefined)
      assert.ok(
        calls.length > 0,
        `add ${name} to test/fixtures/kernels/generate.py and regenerate, or give it 0 in COUNTS`,
      );
    else assert.equal(calls.length, COUNTS[name]);
    for (const [i, call] of calls.entries()) {
      const expected = call.expected.map((value) => (value === "-inf" ? Number.NEGATIVE_INFINITY : value));
      // Sums of large weights of attention differ in f64's last places; the bound has room for that.
      assertRounded(await callKernel(backend, name, inputsOf(name, call)), expected, `${name} ${i}`);
    }
  });
}

test(`erf and erfc agree with ${oracle} to 1e-15, and to 1e-13 of the result`, () => {
  const { x } = fixture.erf;
  for (const [name, actual, expected] of [
    ["erf", x.map(erf), fixture.erf.erf],
    ["erfc", x.map(erfc), fixture.erf.erfc],
  ] as const) {
    for (const [i, value] of expected.entries()) {
      const bound = Math.min(1e-15, 1e-13 * Math.abs(value)) + 2 ** -1074;
      const difference = Math.abs(actual[i]! - value);
      assert.ok(difference <= bound, `${name}(${x[i]}) is ${actual[i]}, expected ${value} ± ${bound}`);
    }
  }
});

test("erf and erfc of infinities are their limits, of NaN NaN", () => {
  assert.deepEqual([erf(Infinity), erf(-Infinity), erf(Number.NaN)], [1, -1, Number.NaN]);
  assert.deepEqual([erfc(Infinity), erfc(-Infinity), erfc(Number.NaN)], [0, 2, Number.NaN]);
});
