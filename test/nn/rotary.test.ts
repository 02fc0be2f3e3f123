import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { memoryCheckpoint } from "../../src/checkpoint/memory-checkpoint.ts";
import { ConfigReader } from "../../src/files/config-reader.ts";
import { readRotaryFrequencies } from "../../src/models/rotary-config.ts";
import { defaultFrequencies, RotaryEmbedding, rotaryTables } from "../../src/nn/rotary.ts";
import { Weights } from "../../src/nn/weights.ts";
import { createJsBackend } from "../../src/tensor/backend/js/js-backend.ts";
import { upload } from "../../src/tensor/ops/upload.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

interface Fixture {
  readonly oracle: Readonly<Record<string, string>>;
  readonly positions: readonly number[];
  readonly cases: readonly {
    readonly headDim: number;
    readonly config: Readonly<Record<string, never>>;
    readonly attentionFactor: number;
    readonly inverse: string;
    readonly cosines: string;
    readonly sines: string;
  }[];
}

const file = new URL("../fixtures/rotary/rotary.json.gz", import.meta.url);
const { oracle, positions, cases } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Fixture;
const of = `${Object.entries(oracle).flat().join(" ")}`;

function floats(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, "base64")).buffer);
}

/** Steps between two positive float32. */
function steps(a: number, b: number): number {
  const [x, y] = new Int32Array(Float32Array.of(a, b).buffer);
  return Math.abs(x! - y!);
}

test(`frequencies of every rope_type are those of ${of}, to one unit in the last place`, () => {
  let equal = 0;
  let all = 0;
  for (const { headDim, config, inverse, attentionFactor } of cases) {
    const expected = floats(inverse);
    const reader = new ConfigReader(config, "config.json");
    const actual = readRotaryFrequencies(reader, { headDim, defaultBase: 10000 });
    const what = JSON.stringify(config);
    assert.equal(actual.inverse.length, headDim / 2);
    // A power that is one unit off is divided and added in the scaled types: two units.
    const most = "rope_scaling" in config || "rope_parameters" in config ? 2 : 1;
    for (let i = 0; i < expected.length; i++) {
      assert.ok(steps(actual.inverse[i]!, expected[i]!) <= most, `${what}, frequency ${i}`);
      if (actual.inverse[i] === expected[i]) equal++;
      all++;
    }
    assert.ok(Math.abs(actual.attentionFactor - attentionFactor) <= 1e-15, what);
  }
  assert.ok(equal > 0.97 * all, `${equal} of ${all} are equal bit by bit`);
});

test(`tables are those of ${of}, to one unit in the last place below 1`, () => {
  for (const { config, attentionFactor, ...expected } of cases) {
    const inverse = floats(expected.inverse);
    const half = inverse.length;
    for (const [row, position] of positions.entries()) {
      const { cosines, sines } = rotaryTables({ inverse, attentionFactor }, position, position + 1);
      for (const [actual, name] of [
        [cosines, "cosines"],
        [sines, "sines"],
      ] as const) {
        const wanted = floats(expected[name]).subarray(row * half, (row + 1) * half);
        for (let i = 0; i < half; i++) {
          // One unit below 1; the product with a factor other than 1 is rounded on both sides.
          const most = 2 ** -24 * (attentionFactor === 1 ? 1 : attentionFactor + 2);
          const distance = Math.abs(actual[i]! - wanted[i]!);
          const what = `${JSON.stringify(config)}: ${name}[${position}, ${i}]`;
          assert.ok(distance <= most, `${what} is off by ${distance}`);
        }
      }
    }
  }
});

test("a table that has become too short is replaced by one with the same rows and more", () => {
  const backend = createJsBackend();
  const weights = Weights.of(memoryCheckpoint("memory", []), backend);
  const rotary = new RotaryEmbedding(defaultFrequencies(1e6, 8), weights);
  const short = rotary.angles(5);
  assert.equal(rotary.angles(short.cosines.shape[0]!), short, "as long as it suffices");
  const before = short.sines.data.slice();
  const long = rotary.angles(short.cosines.shape[0]! + 1);
  assert.ok(long.cosines.shape[0]! >= 2 * short.cosines.shape[0]!);
  assert.deepEqual(long.sines.data.slice(0, before.length), before);
  assert.deepEqual(short.sines.data, before, "work that is under way may still read it");
  weights.dispose();
});

test("positions begin anew with each sequence: a token is turned by its own alone", () => {
  const backend = createJsBackend();
  const weights = Weights.of(memoryCheckpoint("memory", []), backend);
  const rotary = new RotaryEmbedding(defaultFrequencies(10000, 4), weights);
  const row = [1, 2, 3, 4, 5, 6, 7, 8];
  const x = upload(backend, Tensor.from([...row, ...row, ...row], [3, 8]));
  const [first, second, third] = rotary.forward(x, Int32Array.of(0, 1, 0)).toArray() as number[][];
  assert.deepEqual(first, row, "position 0 does not turn");
  assert.deepEqual(third, row);
  const [c, s] = [Math.cos(1), Math.sin(1)];
  const [slow, slowly] = [Math.cos(0.01), Math.sin(0.01)];
  const expected = [
    ...[c - 3 * s, 2 * slow - 4 * slowly, 3 * c + s, 4 * slow + 2 * slowly],
    ...[5 * c - 7 * s, 6 * slow - 8 * slowly, 7 * c + 5 * s, 8 * slow + 6 * slowly],
  ];
  assert.ok(second!.every((value, i) => Math.abs(value - expected[i]!) < 2e-6));
});
