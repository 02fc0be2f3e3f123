/**
 * All kernels: what each computes, on which operands, and how a call may be split over threads. Types, numbers of
 * commands, marshalling, thread parts, traces and the conformance suite's calls follow from here.
 *
 * Kernels compute on contiguous row-major data. They check nothing: the ops in `ops/` have already
 * proved that the sizes fit. An output never overlaps an input, unless `mayBeOut` says that it may be one.
 *
 * Token ids, positions and sequence boundaries stay in host memory (`Int32Array`): they are small, they are made in
 * JavaScript, and a backend that needs them elsewhere copies them. All calls of one batch pass the same array of
 * boundaries, and nobody changes it, or ids, before the results of the batch have been read: a backend may copy them
 * once a batch.
 */
import type { AnyKernel, ArrayKernelOf, ArraysOf, DimsOf, KernelDeclaration, KernelOf } from "./kernel.ts";

/**
 * The functions that kernels apply element by element. `gelu` is the exact one, by erf; `gelu_tanh` is
 * the tanh approximation, which the reference calls `gelu_new` and `gelu_pytorch_tanh`.
 */
export const ACTIVATIONS = ["gelu", "gelu_tanh", "relu", "silu", "tanh", "sigmoid"] as const;
export type ActivationName = (typeof ACTIVATIONS)[number];

export const REDUCTIONS = ["first", "last", "max", "mean", "mean_sqrt_length", "weighted_mean"] as const;
export type PoolingReduction = (typeof REDUCTIONS)[number];

export const KERNELS = {
  /** out = activation(x · weightᵀ + bias) + residual. */
  linear: {
    operands: [
      { name: "out", kind: "storage", shape: ["rows", "outFeatures"] },
      { name: "x", kind: "storage", shape: ["rows", "inFeatures"] },
      { name: "weight", kind: "matrix", shape: ["outFeatures", "inFeatures"] },
      { name: "bias", kind: "vector", shape: ["outFeatures"], optional: true },
      { name: "residual", kind: "storage", shape: ["rows", "outFeatures"], optional: true, mayBeOut: true },
    ],
    dims: {
      rows: "integer",
      inFeatures: "integer",
      outFeatures: "integer",
      /** Applied to x · Wᵀ + bias, before the residual is added. */
      activation: { oneOf: ACTIVATIONS, optional: true },
    },
    inOrder: ({ out, x, weight, bias, residual }, { rows, inFeatures, outFeatures, activation }) => [
      out,
      x,
      weight,
      bias,
      residual,
      rows,
      inFeatures,
      outFeatures,
      activation,
    ],
    split: { dim: "outFeatures", unit: "panel" },
    work: ["rows", "inFeatures", "outFeatures"],
  },

  /** out[r] = Σ over i of tables[i][ids[i][r]], summed in the order given. */
  embeddingSum: {
    operands: [
      { name: "out", kind: "storage", shape: ["rows", "width"] },
      { name: "tables", kind: "table", shape: ["tableRows", "width"], list: true, rowsBy: "ids" },
      { name: "ids", kind: "integers", shape: ["rows"], list: true },
    ],
    dims: { rows: "integer", width: "integer" },
    inOrder: ({ out, tables, ids }, { rows, width }) => [out, tables, ids, rows, width],
    split: null,
  },

  /** Normalizes each row of x to mean 0 and (biased) variance 1, then · weight + bias. */
  layerNorm: {
    operands: [
      { name: "out", kind: "storage", shape: ["rows", "width"] },
      { name: "x", kind: "storage", shape: ["rows", "width"], mayBeOut: true },
      { name: "weight", kind: "vector", shape: ["width"] },
      { name: "bias", kind: "vector", shape: ["width"] },
    ],
    dims: { rows: "integer", width: "integer", eps: "f64" },
    inOrder: ({ out, x, weight, bias }, { rows, width, eps }) => [out, x, weight, bias, rows, width, eps],
    split: { dim: "rows", unit: 1 },
  },

  /** out[r, i] = x[r, i] / √(mean over j of x[r, j]² + eps) · weight[i]. */
  rmsNorm: {
    operands: [
      { name: "out", kind: "storage", shape: ["rows", "width"] },
      { name: "x", kind: "storage", shape: ["rows", "width"], mayBeOut: true },
      { name: "weight", kind: "vector", shape: ["width"] },
    ],
    dims: { rows: "integer", width: "integer", eps: "f64" },
    inOrder: ({ out, x, weight }, { rows, width, eps }) => [out, x, weight, rows, width, eps],
    split: { dim: "rows", unit: 1 },
  },

  /**
   * Rotary embedding, by halves of a head: with c and s the rows `positions[r]` of `cosines` and `sines`, and each head
   * of row r being a | b, out is a · c − b · s | b · c + a · s. Products are rounded before they are added, wherever a
   * backend can choose: the bits are then those of float32 in the reference library.
   */
  rotary: {
    operands: [
      { name: "out", kind: "storage", shape: ["rows", "heads", "headDim"] },
      { name: "x", kind: "storage", shape: ["rows", "heads", "headDim"], mayBeOut: true },
      { name: "cosines", kind: "vector", shape: ["angles", { times: 1 / 2, of: "headDim", plus: 0 }] },
      { name: "sines", kind: "vector", shape: ["angles", { times: 1 / 2, of: "headDim", plus: 0 }] },
      { name: "positions", kind: "integers", shape: ["rows"] },
    ],
    dims: {
      rows: "integer",
      heads: "integer",
      /** Even. */
      headDim: "integer",
    },
    inOrder: ({ out, x, cosines, sines, positions }, { rows, heads, headDim }) => [
      out,
      x,
      cosines,
      sines,
      positions,
      rows,
      heads,
      headDim,
    ],
    split: { dim: "rows", unit: 1 },
  },

  /**
   * out[r, i] = activation(gate[r, gateColumn + i]) · up[r, upColumn + i]. `gate` and `up` may be one storage, where
   * they lie side by side.
   */
  gatedProduct: {
    operands: [
      { name: "out", kind: "storage", shape: ["rows", "width"] },
      { name: "gate", kind: "storage", shape: ["rows", "stride"] },
      { name: "up", kind: "storage", shape: ["rows", "stride"] },
    ],
    dims: {
      rows: "integer",
      width: "integer",
      activation: { oneOf: ACTIVATIONS },
      /** Elements from one row of `gate` to the next, and of `up`. */
      stride: "integer",
      /** The column at which the gates begin. */
      gateColumn: "integer",
      /** The column at which the factors begin. */
      upColumn: "integer",
    },
    inOrder: ({ out, gate, up }, { rows, width, activation, stride, gateColumn, upColumn }) => [
      out,
      gate,
      up,
      rows,
      width,
      activation,
      stride,
      gateColumn,
      upColumn,
    ],
    split: { dim: "rows", unit: 1 },
  },

  /**
   * Softmax attention inside each sequence of a packed batch; no sequence sees another. `offsets` holds the
   * sequences' boundaries: sequence i is rows offsets[i] … offsets[i + 1] − 1. `relativeBias`, where given, is added to
   * the scaled scores: entry span − 1 + (j − i) for query row i and key row j of a sequence (no sequence is longer than
   * span).
   * Query i of a sequence sees keys i − before … i + after of it alone, and the cost is proportional to what is seen.
   * Keys and values that a query does not see count for nothing, provided that they are finite.
   */
  attention: {
    operands: [
      { name: "out", kind: "storage", shape: ["tokens", "heads", "headDim"] },
      { name: "q", kind: "storage", shape: ["tokens", "heads", "headDim"] },
      { name: "k", kind: "storage", shape: ["tokens", "kvHeads", "headDim"] },
      { name: "v", kind: "storage", shape: ["tokens", "kvHeads", "headDim"] },
      { name: "offsets", kind: "integers", shape: [{ times: 1, of: "sequences", plus: 1 }] },
      {
        name: "relativeBias",
        kind: "vector",
        shape: ["heads", { times: 2, of: "span", plus: -1 }],
        optional: true,
      },
    ],
    dims: {
      /** Of queries. */
      heads: "integer",
      /** Of keys and values, a divisor of `heads`: query head h uses key head ⌊h / (heads / kvHeads)⌋. */
      kvHeads: "integer",
      headDim: "integer",
      /** Multiplies the dot products; 1 / √headDim in BERT. */
      scale: "f32",
      /** Where relative position 0 lies in a row of `relativeBias`, whose rows have 2 · span − 1 entries. 0 without bias. */
      span: "integer",
      /** How many tokens before its own a query sees; the length of its sequence or more where it sees all. */
      before: "integer",
      /** The same behind its own. */
      after: "integer",
    },
    inOrder: (
      { out, q, k, v, offsets, relativeBias },
      { heads, kvHeads, headDim, scale, span, before, after },
    ) => [out, q, k, v, offsets, relativeBias, heads, kvHeads, headDim, scale, span, before, after],
    split: { dim: "heads", unit: 1, first: "firstHead" },
  },

  /** out = activation(x), element by element. */
  activation: {
    operands: [
      { name: "out", kind: "storage", shape: ["length"] },
      { name: "x", kind: "storage", shape: ["length"], mayBeOut: true },
    ],
    dims: { activation: { oneOf: ACTIVATIONS }, length: "integer" },
    inOrder: ({ out, x }, { activation, length }) => [out, x, activation, length],
    split: { dim: "length", unit: 16 },
  },

  /** out = a + b, element by element. */
  add: {
    operands: [
      { name: "out", kind: "storage", shape: ["length"] },
      { name: "a", kind: "storage", shape: ["length"], mayBeOut: true },
      { name: "b", kind: "storage", shape: ["length"], mayBeOut: true },
    ],
    dims: { length: "integer" },
    inOrder: ({ out, a, b }, { length }) => [out, a, b, length],
    split: { dim: "length", unit: 16 },
  },

  /**
   * One row a sequence, at column `outColumn` of out. Sequence i is rows `starts[i] … ends[i] − 1`, of which the first
   * `skip` do not count (a prompt that is not to count); an empty rest is allowed.
   * Over the rows that count: `mean` divides their sum by their number (at least 1e-9, as the reference),
   * `mean_sqrt_length` by its square root; `weighted_mean` weighs row p of the sequence with p + 1 (p counts
   * from the sequence's start, skipped rows included); `first` and `last` copy one row. Without any row that
   * counts: sums are 0 and `max` is −Infinity; `first` copies the sequence's first row, or gives zeros where the
   * sequence is empty, and `last` gives zeros.
   */
  pool: {
    operands: [
      { name: "out", kind: "storage", shape: ["sequences", "outStride"] },
      { name: "x", kind: "storage", shape: ["tokens", "width"] },
      { name: "starts", kind: "integers", shape: ["sequences"] },
      { name: "ends", kind: "integers", shape: ["sequences"] },
    ],
    dims: {
      reduction: { oneOf: REDUCTIONS },
      skip: "integer",
      width: "integer",
      /** Elements from one row of `out` to the next; wider than `width` where several results lie side by side. */
      outStride: "integer",
      /** The column of `out` at which this result begins. */
      outColumn: "integer",
    },
    inOrder: ({ out, x, starts, ends }, { reduction, skip, width, outStride, outColumn }) => [
      out,
      x,
      starts,
      ends,
      reduction,
      skip,
      width,
      outStride,
      outColumn,
    ],
    split: null,
  },

  /** out[r] = x[r] / max(‖x[r]‖₂, 1e-12). */
  normalizeRows: {
    operands: [
      { name: "out", kind: "storage", shape: ["rows", "width"] },
      { name: "x", kind: "storage", shape: ["rows", "width"], mayBeOut: true },
    ],
    dims: { rows: "integer", width: "integer" },
    inOrder: ({ out, x }, { rows, width }) => [out, x, rows, width],
    split: { dim: "rows", unit: 1 },
  },
} as const satisfies Readonly<Record<string, KernelDeclaration>>;

/** Dims that depend on the texts of a batch. All others are the model's: a backend may compile kernels for them. */
export const BATCH_DIMS: ReadonlySet<string> = new Set(["rows", "length", "skip"]);

export type KernelName = keyof typeof KERNELS;

type Declared = typeof KERNELS;

/** The kernels as backends offer them. */
export type Kernels = { readonly [K in KernelName]: KernelOf<Declared[K]> };

export type KernelArrays<K extends KernelName> = ArraysOf<Declared[K]>;
export type KernelDims<K extends KernelName> = DimsOf<Declared[K]>;

/** The kernels in JavaScript. */
export type ArrayKernels = { readonly [K in KernelName]: ArrayKernelOf<Declared[K]> };

/** In the order in which commands number them. */
export const KERNEL_NAMES = Object.keys(KERNELS) as readonly KernelName[];

/** Makes each kernel from its declaration. */
export function makeKernels(make: (name: KernelName, declaration: KernelDeclaration) => AnyKernel): Kernels {
  return Object.fromEntries(
    KERNEL_NAMES.map((name) => [name, make(name, KERNELS[name])]),
  ) as unknown as Kernels;
}
