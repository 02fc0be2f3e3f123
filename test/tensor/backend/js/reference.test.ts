/** The reference kernels, on which all other tests of kernels rest, against PyTorch and mpmath in float64. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { createReferenceBackend } from "../../../../src/tensor/backend/js/js-backend.ts";
import { erf, erfc } from "../../../../src/tensor/backend/js/reference/erf.ts";
import type { ActivationName, Backend, PoolingReduction } from "../../../../src/tensor/backend.ts";
import { callKernel } from "../conformance/calls.ts";

interface Fixture {
  readonly oracle: Readonly<Record<string, string>>;
  readonly linear: readonly {
    readonly rows: number;
    readonly inFeatures: number;
    readonly outFeatures: number;
    readonly activation: ActivationName | null;
    readonly x: readonly number[];
    readonly weight: readonly number[];
    readonly bias: readonly number[];
    readonly residual: readonly number[];
    readonly expected: readonly number[];
  }[];
  readonly layerNorm: readonly {
    readonly rows: number;
    readonly width: number;
    readonly eps: number;
    readonly x: readonly number[];
    readonly weight: readonly number[];
    readonly bias: readonly number[];
    readonly expected: readonly number[];
  }[];
  readonly attention: readonly {
    readonly heads: number;
    readonly headDim: number;
    readonly scale: number;
    readonly span: number;
    readonly offsets: readonly number[];
    readonly q: readonly number[];
    readonly k: readonly number[];
    readonly v: readonly number[];
    readonly relativeBias: readonly number[] | null;
    readonly expected: readonly number[];
  }[];
  readonly pool: readonly {
    readonly reduction: PoolingReduction;
    readonly width: number;
    readonly skip: number;
    readonly starts: readonly number[];
    readonly ends: readonly number[];
    readonly x: readonly number[];
    readonly expected: readonly (number | "-inf")[];
  }[];
  readonly normalizeRows: readonly {
    readonly rows: number;
    readonly width: number;
    readonly x: readonly number[];
    readonly expected: readonly number[];
  }[];
  readonly embeddingSum: readonly {
    readonly rows: number;
    readonly width: number;
    readonly tables: readonly (readonly number[])[];
    readonly ids: readonly (readonly number[])[];
    readonly expected: readonly number[];
  }[];
  readonly activation: readonly {
    readonly activation: ActivationName;
    readonly x: readonly number[];
    readonly expected: readonly number[];
  }[];
  readonly erf: {
    readonly x: readonly number[];
    readonly erf: readonly number[];
    readonly erfc: readonly number[];
  };
}

const file = new URL("../../../fixtures/kernels/kernels.json.gz", import.meta.url);
const fixture = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Fixture;
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

const floats = (values: readonly number[]): Float32Array => Float32Array.from(values);

test(`reference linear layers are those of ${oracle}`, async () => {
  assert.equal(fixture.linear.length, 7);
  for (const { expected, ...entry } of fixture.linear) {
    const result = await callKernel(backend, "linear", {
      ...entry,
      x: floats(entry.x),
      weight: floats(entry.weight),
      bias: floats(entry.bias),
      residual: floats(entry.residual),
    });
    assertRounded(result, expected, entry.activation ?? "no activation");
  }
});

test(`reference layer normalization is that of ${oracle}`, async () => {
  for (const { expected, ...entry } of fixture.layerNorm) {
    const [x, weight, bias] = [floats(entry.x), floats(entry.weight), floats(entry.bias)];
    const result = await callKernel(backend, "layerNorm", { ...entry, x, weight, bias });
    assertRounded(result, expected, `eps ${entry.eps}`);
  }
});

test(`reference attention is that of ${oracle}`, async () => {
  for (const { expected, ...entry } of fixture.attention) {
    const result = await callKernel(backend, "attention", {
      ...entry,
      q: floats(entry.q),
      k: floats(entry.k),
      v: floats(entry.v),
      relativeBias: entry.relativeBias === null ? null : floats(entry.relativeBias),
      offsets: Int32Array.from(entry.offsets),
    });
    // The scale is rounded as the oracle's, but sums of large weights differ in f64's last places.
    assertRounded(result, expected, `${entry.heads} heads`);
  }
});

test(`reference pooling is that of ${oracle}`, async () => {
  assert.equal(fixture.pool.length, 12);
  for (const { expected, ...entry } of fixture.pool) {
    const result = await callKernel(backend, "pool", {
      ...entry,
      x: floats(entry.x),
      starts: Int32Array.from(entry.starts),
      ends: Int32Array.from(entry.ends),
      outStride: entry.width,
      outColumn: 0,
    });
    const numbers = expected.map((value) => (value === "-inf" ? Number.NEGATIVE_INFINITY : value));
    assertRounded(result, numbers, `${entry.reduction}, skipping ${entry.skip}`);
  }
});

test(`reference normalization of rows is that of ${oracle}`, async () => {
  for (const { expected, rows, width, x } of fixture.normalizeRows) {
    const result = await callKernel(backend, "normalizeRows", { x: floats(x), rows, width });
    assertRounded(result, expected, "normalizeRows");
  }
});

test(`reference sums of embeddings are those of ${oracle}`, async () => {
  for (const { expected, rows, width, tables, ids } of fixture.embeddingSum) {
    const result = await callKernel(backend, "embeddingSum", {
      rows,
      width,
      tables: tables.map(floats),
      ids: ids.map((list) => Int32Array.from(list)),
    });
    assertRounded(result, expected, "embeddingSum");
  }
});

test(`reference activations are those of ${oracle}`, async () => {
  assert.equal(fixture.activation.length, 6);
  for (const { activation, x, expected } of fixture.activation) {
    const inputs = { x: floats(x), activation, length: x.length };
    assertRounded(await callKernel(backend, "activation", inputs), expected, activation);
  }
});

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
