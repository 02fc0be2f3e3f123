import type { ArrayKernels } from "../../kernel-table.ts";

export interface MatrixDims {
  readonly outFeatures: number;
  readonly inFeatures: number;
}

/**
 * The kernels of the contract on typed arrays. Two sets exist: the reference ones and the fast ones. Both read weight
 * matrices as checkpoints store them.
 */
export interface JsKernels extends ArrayKernels {
  /** Writes whole rows [n, inFeatures], as checkpoints store them, beginning at `firstRow`. */
  readonly packRows: (matrix: Float32Array, rows: Float32Array, firstRow: number, dims: MatrixDims) => void;
}
