/**
 * What a backend must be able to do. This file is only the contract: it imports no backend, so every
 * backend may import it. `select.ts` is the one file that knows them all.
 *
 * All kernels compute in float32 on contiguous row-major data. They check nothing: the ops in `ops/`
 * have already proved that the sizes fit. A call enqueues or does the work at once, as the backend
 * likes; `read` waits for what was enqueued. An output never overlaps an input, unless a kernel says
 * that it may.
 *
 * Token ids, positions and sequence boundaries stay in host memory (`Int32Array`): they are small, they
 * are made in JavaScript, and a backend that needs them elsewhere copies them.
 *
 * Every row of a kernel's output depends on that row's (or that sequence's) inputs alone, with one order
 * of summation whatever else is in the batch: this is what makes embeddings bit-identical alone and in
 * any batch.
 */

/** Float32 memory of a backend. Opaque: only the backend that made it looks inside. */
export interface Storage {
  /** In elements. */
  readonly length: number;
}

/** A weight matrix [outFeatures, inFeatures] in the layout that the backend's `linear` reads. */
export interface PackedMatrix {
  readonly outFeatures: number;
  readonly inFeatures: number;
}

/** Rows of a matrix that may be packed by themselves: a multiple of the panel width of every backend. */
export const PACKED_ROWS = 64;

/**
 * A table of rows [rows, width] that `embeddingSum` looks up. Kept apart from `Storage` because it may
 * live elsewhere: 250,002 rows of XLM-R do not belong in scarce memory for the few rows that a text needs.
 */
export interface EmbeddingTable {
  readonly rows: number;
  readonly width: number;
}

/**
 * The functions that kernels apply element by element. `gelu` is the exact one, by erf; `gelu_tanh` is
 * the tanh approximation, which the reference calls `gelu_new` and `gelu_pytorch_tanh`.
 */
export type ActivationName = "gelu" | "gelu_tanh" | "relu" | "silu" | "tanh" | "sigmoid";

export type PoolingReduction = "first" | "last" | "max" | "mean" | "mean_sqrt_length" | "weighted_mean";

export interface LinearDims {
  readonly rows: number;
  /** Applied to x · Wᵀ + bias, before the residual is added. */
  readonly activation: ActivationName | null;
}

export interface LayerNormDims {
  readonly rows: number;
  readonly width: number;
  readonly eps: number;
}

export interface EmbeddingDims {
  readonly rows: number;
  readonly width: number;
}

export interface AttentionDims {
  readonly heads: number;
  readonly headDim: number;
  /** Multiplies the dot products; 1 / √headDim in BERT. */
  readonly scale: number;
  /** Where relative position 0 lies in a row of `relativeBias`; its rows have 2 · span − 1 entries. 0 without bias. */
  readonly span: number;
}

export interface PoolDims {
  readonly reduction: PoolingReduction;
  readonly width: number;
  /** Elements from one row of `out` to the next; wider than `width` where several results lie side by side. */
  readonly outStride: number;
  /** The column of `out` at which this result begins. */
  readonly outColumn: number;
}

export interface RowDims {
  readonly rows: number;
  readonly width: number;
}

/**
 * Sequences in a packed matrix [tokens, width]: sequence i is rows `starts[i] … ends[i] − 1`, of which
 * pooling skips the first `skip` (a prompt that is not to count). An empty rest is allowed.
 */
export interface PooledSequences {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly skip: number;
}

export interface Backend {
  /** "js", "wasm" … */
  readonly name: string;

  /** The name and what it found here, for people: "wasm: relaxed SIMD, tile 6x8". */
  readonly description: string;

  /** Tokens that one call to the model should hold: enough to be efficient, few enough to stay in the caches. */
  readonly preferredBatchTokens: number;

  /** How many batches to have under way at once: 1 where the work is done within the call. */
  readonly concurrency: number;

  /** Memory for an intermediate result of `length` float32 elements, with arbitrary content. */
  allocate(length: number): Storage;

  /**
   * Memory for a parameter that kernels read as it is: a bias, the weight of a LayerNorm. Kept apart from
   * `allocate` because parameters outlive every batch, and are shared where work runs in several threads.
   */
  createVector(length: number): Storage;

  /** Gives memory back for reuse. `storage` must not be used again. */
  free(storage: Storage): void;

  /** Copies `values` to elements `start …` of `storage`. */
  write(storage: Storage, values: Float32Array, start: number): void;

  /** A copy of elements `start … end − 1`, after everything enqueued so far. */
  read(storage: Storage, start: number, end: number): Promise<Float32Array>;

  /** The same at once, on backends whose memory the CPU sees; null on the others. */
  readonly readSync: ((storage: Storage, start: number, end: number) => Float32Array) | null;

  /** Reserves a weight matrix; nothing may read it before every row has been written. */
  createMatrix(outFeatures: number, inFeatures: number): PackedMatrix;

  /** Copies whole rows [n, inFeatures], as checkpoints store them, to row `firstRow` …. Rows come in any order. */
  writeMatrix(matrix: PackedMatrix, rows: Float32Array, firstRow: number): void;

  /**
   * Memory [outFeatures, inFeatures] of the matrix in which files can be read, as checkpoints store it, for
   * `packMatrix`; null where only `writeMatrix` reaches it.
   */
  matrixMemory(matrix: PackedMatrix): Float32Array | null;

  /**
   * Takes over rows `firstRow … firstRow + rows − 1` that stand in `matrixMemory`, once. Portions begin at multiples of
   * `PACKED_ROWS`, and all but the last are as many rows as a multiple of it.
   */
  packMatrix(matrix: PackedMatrix, firstRow: number, rows: number): void;

  /** Gives a weight matrix back. */
  freeMatrix(matrix: PackedMatrix): void;

  createTable(rows: number, width: number): EmbeddingTable;

  /** Copies whole rows [n, width] to row `firstRow` … of a table. Rows come in any order. */
  writeTable(table: EmbeddingTable, rows: Float32Array, firstRow: number): void;

  /**
   * The table's own memory [rows, width], so that files can be read straight into it, at any time until it is given
   * back; null where only `writeTable` reaches it.
   */
  tableMemory(table: EmbeddingTable): Float32Array | null;

  freeTable(table: EmbeddingTable): void;

  /**
   * out[r, n] = activation(x[r, k] · weight[n, k]ᵀ + bias[n]) + residual[r, n].
   * x: [rows, inFeatures]; out, residual: [rows, outFeatures]; bias: [outFeatures]. `residual` may be `out`.
   */
  linear(
    out: Storage,
    x: Storage,
    weight: PackedMatrix,
    bias: Storage | null,
    residual: Storage | null,
    dims: LinearDims,
  ): void;

  /** out[r] = Σ over i of tables[i][ids[i][r]], summed in the order given. out: [rows, width]. */
  embeddingSum(
    out: Storage,
    tables: readonly EmbeddingTable[],
    ids: readonly Int32Array[],
    dims: EmbeddingDims,
  ): void;

  /** Normalizes each row of x to mean 0 and (biased) variance 1, then · weight + bias. `out` may be `x`. */
  layerNorm(out: Storage, x: Storage, weight: Storage, bias: Storage, dims: LayerNormDims): void;

  /**
   * Softmax attention inside each sequence of a packed batch; no sequence sees another.
   * q, k, v, out: [tokens, heads · headDim]. `offsets` holds the sequences' boundaries: sequence i is rows
   * offsets[i] … offsets[i + 1] − 1. `relativeBias` [heads, 2 · span − 1], where given, is added to the scaled
   * scores: entry span − 1 + (j − i) for query row i and key row j of a sequence (no sequence is longer than span).
   */
  attention(
    out: Storage,
    q: Storage,
    k: Storage,
    v: Storage,
    offsets: Int32Array,
    relativeBias: Storage | null,
    dims: AttentionDims,
  ): void;

  /** out = activation(x), element by element. `out` may be `x`. */
  activation(out: Storage, x: Storage, activation: ActivationName, length: number): void;

  /** out = a + b, element by element. `out` may be `a` or `b`. */
  add(out: Storage, a: Storage, b: Storage, length: number): void;

  /**
   * One row a sequence, at column `outColumn` of out [sequences, outStride].
   * Over the rows that count: `mean` divides their sum by their number (at least 1e-9, as the reference),
   * `mean_sqrt_length` by its square root; `weighted_mean` weighs row p of the sequence with p + 1 (p counts
   * from the sequence's start, skipped rows included); `first` and `last` copy one row. Without any row that
   * counts: sums are 0 and `max` is −Infinity; `first` copies the sequence's first row, or gives zeros where the
   * sequence is empty, and `last` gives zeros.
   */
  pool(out: Storage, x: Storage, sequences: PooledSequences, dims: PoolDims): void;

  /** out[r] = x[r] / max(‖x[r]‖₂, 1e-12). `out` may be `x`. */
  normalizeRows(out: Storage, x: Storage, dims: RowDims): void;

  /** Gives back all memory. The backend cannot be used afterwards. Resolves when its threads have ended. */
  dispose(): void | Promise<void>;
}
