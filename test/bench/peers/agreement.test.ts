import assert from "node:assert/strict";
import test from "node:test";
import {
  compareEmbeddings,
  decodeEmbeddings,
  disagreement,
  type Embeddings,
} from "../../../bench/peers/agreement.ts";

const angles = (...degrees: readonly number[]): Embeddings => ({
  dimension: 2,
  data: Float32Array.from(
    degrees.flatMap((angle) => [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]),
  ),
});

const verdict = (a: Embeddings, b: Embeddings, quantized = false) =>
  disagreement(compareEmbeddings(a, b), quantized);

test("equal embeddings agree", () => {
  const same = angles(0, 40, 170);
  assert.equal(verdict(same, same), null);
  const { leastCosine, greatestDifference, mistaken } = compareEmbeddings(same, same);
  assert.ok(Math.abs(leastCosine - 1) < 1e-6);
  assert.equal(greatestDifference, 0);
  assert.equal(mistaken, 0);
});

test("float32 systems may differ by rounding, eight-bit ones by some degrees", () => {
  assert.equal(verdict(angles(0, 90), angles(0.001, 90)), null);
  assert.match(verdict(angles(0, 90), angles(5, 90))!, /elements differ by 8\.7e-2/);
  assert.equal(verdict(angles(0, 90), angles(5, 90), true), null);
  assert.match(verdict(angles(0, 90), angles(30, 90), true)!, /cosine 0\.8660/);
});

test("texts taken for each other do not agree, however near they lie", () => {
  assert.match(verdict(angles(0, 4), angles(4, 0), true)!, /2 texts are nearer to another/);
});

test("NaN agrees with nothing", () => {
  const broken = angles(0, 90);
  broken.data[3] = Number.NaN;
  for (const quantized of [false, true]) {
    assert.notEqual(verdict(broken, angles(0, 90), quantized), null);
    assert.notEqual(verdict(angles(0, 90), broken, quantized), null);
  }
});

test("embeddings of other shapes are refused", () => {
  assert.throws(() => compareEmbeddings(angles(0), angles(0, 90)), /expected 2 numbers.*got 4/);
});

test("embeddings travel as little-endian float32", () => {
  const { data, dimension } = decodeEmbeddings({ dimension: 2, base64: "AACAPwAAAMA=" });
  assert.deepEqual([...data, dimension], [1, -2, 2]);
});
