import type { KernelDims, PoolingReduction } from "../../kernel-table.ts";

/** The least that a sum is divided by: without a row that counts, sums are 0, as in the reference. */
const MIN_DIVISOR = 1e-9;

/** Pooling row by row: each sequence's rows are read once, in memory's order. */
export function pool(
  out: Float32Array, // [sequences, outStride]
  x: Float32Array, // [tokens, width]
  starts: Int32Array, // [sequences]
  ends: Int32Array, // [sequences]
  { reduction, skip, width, outStride, outColumn }: KernelDims<"pool">,
): void {
  const result = new Float64Array(width);
  for (let sequence = 0; sequence < starts.length; sequence++) {
    reduce(result, x, reduction, starts[sequence]!, ends[sequence]!, skip);
    out.set(result, sequence * outStride + outColumn);
  }
}

/** Rows start + skip … end − 1 count. */
function reduce(
  result: Float64Array, // [width]
  x: Float32Array,
  reduction: PoolingReduction,
  start: number,
  end: number,
  skip: number,
): void {
  const from = start + skip;
  switch (reduction) {
    case "first":
      result.fill(0);
      if (start < end) copyRow(result, x, from < end ? from : start);
      break;
    case "last":
      result.fill(0);
      if (from < end) copyRow(result, x, end - 1);
      break;
    case "max":
      result.fill(-Infinity);
      for (let row = from; row < end; row++) maxRow(result, x, row);
      break;
    case "mean":
    case "mean_sqrt_length": {
      result.fill(0);
      for (let row = from; row < end; row++) addRow(result, x, row, 1);
      const count = Math.max(end - from, MIN_DIVISOR);
      divide(result, reduction === "mean" ? count : Math.sqrt(count));
      break;
    }
    case "weighted_mean": {
      result.fill(0);
      let weights = 0;
      for (let row = from; row < end; row++) {
        const weight = row - start + 1;
        addRow(result, x, row, weight);
        weights += weight;
      }
      divide(result, Math.max(weights, MIN_DIVISOR));
      break;
    }
  }
}

function copyRow(result: Float64Array, x: Float32Array, row: number): void {
  const width = result.length;
  result.set(x.subarray(row * width, (row + 1) * width));
}

function addRow(result: Float64Array, x: Float32Array, row: number, weight: number): void {
  const width = result.length;
  const start = row * width;
  for (let i = 0; i < width; i++) result[i]! += weight * x[start + i]!;
}

function maxRow(result: Float64Array, x: Float32Array, row: number): void {
  const width = result.length;
  const start = row * width;
  for (let i = 0; i < width; i++) result[i] = Math.max(result[i]!, x[start + i]!);
}

function divide(result: Float64Array, divisor: number): void {
  for (let i = 0; i < result.length; i++) result[i]! /= divisor;
}
