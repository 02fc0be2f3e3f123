/** Layers that no model has to itself, against float64 computations written out here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryCheckpoint } from "../../src/checkpoint/memory-checkpoint.ts";
import { Attention } from "../../src/nn/attention.ts";
import { GatedFeedForward } from "../../src/nn/gated-feed-forward.ts";
import { Linear } from "../../src/nn/linear.ts";
import { RMSNorm } from "../../src/nn/rms-norm.ts";
import { defaultFrequencies, RotaryEmbedding } from "../../src/nn/rotary.ts";
import { Weights } from "../../src/nn/weights.ts";
import { bidirectional, bidirectionalWindow, causal, causalWindow } from "../../src/tensor/attention-mask.ts";
import { createWasmBackend } from "../../src/tensor/backend/wasm/wasm-backend.ts";
import { upload } from "../../src/tensor/ops/upload.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { randomFloats, randomNumbers } from "../helpers/random.ts";

const backend = createWasmBackend();
const random = randomNumbers(5);

interface Given {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

function given(name: string, ...shape: number[]): Given {
  return {
    name,
    shape,
    values: randomFloats(
      random,
      shape.reduce((a, b) => a * b),
    ),
  };
}

function weightsOf(...tensors: readonly Given[]): Weights {
  return Weights.of(memoryCheckpoint("memory", tensors), backend);
}

/** Rows of float64. */
type Rows = readonly (readonly number[])[];

function rowsOf(values: Float32Array, width: number): Rows {
  return Array.from({ length: values.length / width }, (_, row) => [
    ...values.subarray(row * width, (row + 1) * width),
  ]);
}

function multiply(x: Rows, { values, shape }: Given): Rows {
  const matrix = rowsOf(values, shape[1]!);
  return x.map((row) => matrix.map((weight) => row.reduce((sum, value, i) => sum + value * weight[i]!, 0)));
}

function normalize(row: readonly number[], weight: readonly number[], eps: number): number[] {
  const mean = row.reduce((sum, value) => sum + value * value, 0) / row.length;
  return row.map((value, i) => (value / Math.sqrt(mean + eps)) * weight[i]!);
}

const silu = (x: number): number => x / (1 + Math.exp(-x));

function assertClose(actual: Tensor, expected: Rows, tolerance: number): void {
  const values = actual.toArray() as number[][];
  assert.deepEqual(actual.shape, [expected.length, expected[0]!.length]);
  for (const [i, row] of expected.entries()) {
    for (const [j, value] of row.entries()) {
      assert.ok(Math.abs(values[i]![j]! - value) <= tolerance, `[${i}, ${j}]: ${values[i]![j]}, ${value}`);
    }
  }
}

const on = (rows: number, width: number, values: Float32Array): Tensor =>
  upload(backend, Tensor.from(values, [rows, width]));

test("RMSNorm multiplies with its weights; with an offset of 1, as Gemma does, with 1 + weight", async () => {
  const weight = given("weight", 6);
  const x = randomFloats(random, 4 * 6, 3);
  for (const offset of [0, 1]) {
    const weights = weightsOf(weight);
    const layer = new RMSNorm(6, 1e-6, weights, { offset });
    await weights.fill();
    const factors = [...weight.values].map((value) => Math.fround(value + offset));
    const expected = rowsOf(x, 6).map((row) => normalize(row, factors, 1e-6));
    assertClose(layer.forward(on(4, 6, x)), expected, 1e-6);
    // Two rows of two heads each.
    const heads = layer.forwardHeads(on(2, 12, x));
    assertClose(heads, [expected.slice(0, 2).flat(), expected.slice(2).flat()], 1e-6);
    weights.dispose();
  }
});

test("GatedFeedForward: two matrices, or one whose first or second half is the gate", async () => {
  const [hidden, width] = [5, 7];
  const [gate, up] = [given("gate.weight", width, hidden), given("up.weight", width, hidden)];
  const down = given("down.weight", hidden, width);
  const halves = (name: string, first: Given, second: Given): Given => ({
    name,
    shape: [2 * width, hidden],
    values: Float32Array.from([...first.values, ...second.values]),
  });
  const weights = weightsOf(
    ...[gate, up, down],
    ...[halves("first.weight", gate, up), halves("second.weight", up, gate)],
  );
  const linear = (name: string, inFeatures: number, outFeatures: number) =>
    new Linear(inFeatures, outFeatures, weights.scope(name), { bias: false });
  const output = linear("down", width, hidden);
  const inputs = [
    { gate: linear("gate", hidden, width), up: linear("up", hidden, width) },
    { both: linear("first", hidden, 2 * width), gateHalf: "first" },
    { both: linear("second", hidden, 2 * width), gateHalf: "second" },
  ] as const;
  await weights.fill();

  const x = randomFloats(random, 6 * hidden, 2);
  const residual = randomFloats(random, 6 * hidden);
  const [gates, factors] = [multiply(rowsOf(x, hidden), gate), multiply(rowsOf(x, hidden), up)];
  const products = gates.map((row, i) => row.map((value, j) => silu(value) * factors[i]![j]!));
  const expected = multiply(products, down).map((row, i) =>
    row.map((value, j) => value + residual[i * hidden + j]!),
  );
  for (const input of inputs) {
    const layer = new GatedFeedForward(input, output, "silu");
    const result = layer.forward(on(6, hidden, x), { residual: on(6, hidden, residual) });
    assertClose(result, expected, 2e-6);
  }
  weights.dispose();
});

test("Attention: shared key heads, norms of heads, rotary positions, and every kind of mask", async () => {
  const [hidden, heads, kvHeads, headDim, eps, base] = [10, 4, 2, 6, 1e-6, 1000];
  const matrices = {
    query: given("query.weight", heads * headDim, hidden),
    key: given("key.weight", kvHeads * headDim, hidden),
    value: given("value.weight", kvHeads * headDim, hidden),
    output: given("output.weight", hidden, heads * headDim),
  };
  const norms = { query: given("queryNorm.weight", headDim), key: given("keyNorm.weight", headDim) };
  const weights = weightsOf(...Object.values(matrices), ...Object.values(norms));
  const linear = (name: keyof typeof matrices) =>
    new Linear(matrices[name].shape[1]!, matrices[name].shape[0]!, weights.scope(name), { bias: false });
  const projections = {
    query: linear("query"),
    key: linear("key"),
    value: linear("value"),
    output: linear("output"),
  };
  const queryNorm = new RMSNorm(headDim, eps, weights.scope("queryNorm"));
  const keyNorm = new RMSNorm(headDim, eps, weights.scope("keyNorm"));
  const rotary = new RotaryEmbedding(defaultFrequencies(base, headDim), weights);
  await weights.fill();

  const lengths = [5, 1, 9];
  const offsets = Int32Array.of(0, 5, 6, 15);
  const positions = Int32Array.from(lengths.flatMap((length) => Array.from({ length }, (_, i) => i)));
  const x = randomFloats(random, 15 * hidden, 2);
  const scale = 0.3;

  /** Head `head` of the row's queries or keys, normalized and turned. */
  const turned = (rows: Rows, norm: Given, row: number, head: number): number[] => {
    const own = rows[row]!.slice(head * headDim, (head + 1) * headDim);
    const y = normalize(own, [...norm.values], eps);
    return y.map((value, i) => {
      const half = headDim / 2;
      const angle = positions[row]! / base ** ((2 * (i % half)) / headDim);
      const other = i < half ? -y[i + half]! : y[i - half]!;
      return value * Math.cos(angle) + other * Math.sin(angle);
    });
  };
  const q = multiply(rowsOf(x, hidden), matrices.query);
  const k = multiply(rowsOf(x, hidden), matrices.key);
  const v = multiply(rowsOf(x, hidden), matrices.value);

  for (const mask of [bidirectional, causal, bidirectionalWindow(2), causalWindow(3)]) {
    const context = positions.reduce<number[][]>((rows, position, row) => {
      const start = row - position;
      const end = [...offsets].find((offset) => offset > row)!;
      const seen = Array.from({ length: end - start }, (_, j) => start + j).filter(
        (j) => j >= row - mask.before && j <= row + mask.after,
      );
      const result = Array.from({ length: heads }, (_, head) => {
        const shared = Math.floor(head / 2);
        const query = turned(q, norms.query, row, head);
        const scores = seen.map((j) =>
          turned(k, norms.key, j, shared).reduce((sum, value, d) => sum + value * query[d]! * scale, 0),
        );
        const exponentials = scores.map((score) => Math.exp(score));
        const total = exponentials.reduce((a, b) => a + b);
        return Array.from({ length: headDim }, (_, d) =>
          seen.reduce((sum, j, n) => sum + (exponentials[n]! / total) * v[j]![shared * headDim + d]!, 0),
        );
      }).flat();
      rows.push(result);
      return rows;
    }, []);
    const layer = new Attention(projections, { heads, kvHeads, mask, scale, queryNorm, keyNorm, rotary });
    const result = layer.forward(on(15, hidden, x), { offsets, positions });
    assertClose(result, multiply(context, matrices.output), 5e-6);
  }
  weights.dispose();
});
