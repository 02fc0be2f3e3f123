import type { ArrayKernels } from "../../kernel-table.ts";

export interface MatrixDims {
  readonly outFeatures: number;
  readonly inFeatures: number;
}

/**
 * The kernels of the contract on typed arrays. Two sets exist: the reference ones and the fast ones. Each set has its
 * own layout of weight matrices.
 */
export interface JsKernels extends ArrayKernels {
  /** The elements that a weight matrix takes in this set's layout. */
  readonly packedLength: (dims: MatrixDims) => number;

  /** Writes whole rows [n, inFeatures], as checkpoints store them, beginning at `firstRow`. */
  readonly packRows: (packed: Float32Array, rows: Float32Array, firstRow: number, dims: MatrixDims) => void;
}
