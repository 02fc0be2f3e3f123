import type {
  ActivationName,
  AttentionDims,
  EmbeddingDims,
  LayerNormDims,
  LinearDims,
  PoolDims,
  PooledSequences,
  RowDims,
} from "../../backend.ts";

export interface MatrixDims {
  readonly outFeatures: number;
  readonly inFeatures: number;
}

export interface MatrixLinearDims extends LinearDims, MatrixDims {}

/**
 * The kernels of the contract on typed arrays, which may be longer than the shapes say. Two sets exist: the
 * reference ones and the fast ones. Each set has its own layout of weight matrices.
 */
export interface JsKernels {
  /** The elements that a weight matrix takes in this set's layout. */
  readonly packedLength: (dims: MatrixDims) => number;

  /** Writes whole rows [n, inFeatures], as checkpoints store them, beginning at `firstRow`. */
  readonly packRows: (packed: Float32Array, rows: Float32Array, firstRow: number, dims: MatrixDims) => void;

  readonly linear: (
    out: Float32Array,
    x: Float32Array,
    weight: Float32Array,
    bias: Float32Array | null,
    residual: Float32Array | null,
    dims: MatrixLinearDims,
  ) => void;

  readonly embeddingSum: (
    out: Float32Array,
    tables: readonly Float32Array[],
    ids: readonly Int32Array[],
    dims: EmbeddingDims,
  ) => void;

  readonly layerNorm: (
    out: Float32Array,
    x: Float32Array,
    weight: Float32Array,
    bias: Float32Array,
    dims: LayerNormDims,
  ) => void;

  readonly attention: (
    out: Float32Array,
    q: Float32Array,
    k: Float32Array,
    v: Float32Array,
    offsets: Int32Array,
    relativeBias: Float32Array | null,
    dims: AttentionDims,
  ) => void;

  readonly activation: (
    out: Float32Array,
    x: Float32Array,
    activation: ActivationName,
    length: number,
  ) => void;

  readonly add: (out: Float32Array, a: Float32Array, b: Float32Array, length: number) => void;

  readonly pool: (out: Float32Array, x: Float32Array, sequences: PooledSequences, dims: PoolDims) => void;

  readonly normalizeRows: (out: Float32Array, x: Float32Array, dims: RowDims) => void;
}
