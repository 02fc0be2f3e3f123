/**
 * The contract of backends: memory, parameters, kernels. It imports no backend, so that every backend may import it;
 * `select.ts` is the one file that knows them all.
 */

/** Float32 elements in the memory of a backend. Opaque: only the backend that made it looks inside. */
export interface Storage {
  /** In elements. */
  readonly length: number;
}

/** A weight matrix [outFeatures, inFeatures] in the layout that the backend's `linear` reads. */
export interface PackedMatrix {
  readonly outFeatures: number;
  readonly inFeatures: number;
}

/**
 * A table of rows [rows, width] that `embeddingSum` looks up. Kept apart from `Storage` because it may
 * live elsewhere: 250,002 rows of XLM-R do not belong in scarce memory for the few rows that a text needs.
 */
export interface EmbeddingTable {
  readonly rows: number;
  readonly width: number;
}

/** A vector counts as a column: its rows are its elements. */
export type Parameter = Storage | PackedMatrix | EmbeddingTable;

/** How the elements of a weight matrix are kept and multiplied. */
export type MatrixDType = "float32";

/** Memory of intermediate results. Kernels and copies are carried out in the order of the calls. */
export interface BackendMemory {
  /** Memory for `length` elements, with arbitrary content. */
  allocate(length: number): Storage;

  /** Frees memory for reuse. Work that was given before still finds it. `storage` must not be used again. */
  free(storage: Storage): void;

  /** Copies `values` to elements `start …` of `storage`. */
  write(storage: Storage, values: Float32Array, start: number): void;

  /** A copy of elements `start … end − 1`, after everything enqueued so far. */
  read(storage: Storage, start: number, end: number): Promise<Float32Array>;

  /** The same at once, on backends whose memory the CPU sees; null on the others. */
  readonly readSync: ((storage: Storage, start: number, end: number) => Float32Array) | null;
}

/**
 * The parameters of models. They outlive every batch, and are shared where several threads compute. Each is created
 * with arbitrary content, then filled row by row: with `write`, or in place where the backend allows it. No kernel may
 * read a parameter before all of its rows are there.
 */
export interface ParameterStore {
  /** Elements that kernels read as they are: a bias, the weight of a LayerNorm. */
  createVector(length: number): Storage;

  /** @throws UnsupportedError ("unsupported-dtype") for a dtype that the backend does not have */
  createMatrix(outFeatures: number, inFeatures: number, dtype: MatrixDType): PackedMatrix;

  createTable(rows: number, width: number): EmbeddingTable;

  /** Copies whole float32 rows [n, width], as checkpoints store them, to row `firstRow` …. Rows come in any order. */
  write(parameter: Parameter, rows: Float32Array, firstRow: number): void;

  /** How files are read straight into a parameter's memory; null where only `write` reaches it. */
  inPlace(parameter: Parameter): InPlaceRows | null;

  /** Frees the memory. The parameter must not be used again. */
  free(parameter: Parameter): void;
}

/** The memory of a parameter, open to be read into. */
export interface InPlaceRows {
  /** [rows, width], row-major, as checkpoints store it. Valid until the parameter is freed. */
  readonly memory: Float32Array;

  /**
   * Takes over rows `firstRow … firstRow + rows − 1` that stand in `memory`, each row once; null where rows need nothing
   * more. Portions begin at multiples of `unit`, and all but the last are multiples of it long.
   */
  readonly take: ((firstRow: number, rows: number) => void) | null;

  /** In rows. */
  readonly unit: number;
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

/**
 * The kernels compute on contiguous row-major data. They check nothing: the ops in `ops/` have already
 * proved that the sizes fit. A call enqueues or does the work at once, as the backend likes; `read` waits for what was
 * enqueued. An output never overlaps an input, unless a kernel says that it may.
 *
 * Token ids, positions and sequence boundaries stay in host memory (`Int32Array`): they are small, they are made in
 * JavaScript, and a backend that needs them elsewhere copies them. All calls of one batch pass the same array of
 * boundaries, and nobody changes it, or ids, before the results of the batch have been read: a backend may copy them
 * once a batch.
 */
export interface Kernels {
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
}

/** What callers may rely on, and how a backend likes its work. */
export interface Capabilities {
  /**
   * Whether a row's bits depend on that row's (or that sequence's) inputs alone, with one order of summation whatever else
   * is in the batch: tiles and the blocks that a sum is cut into never depend on how many rows there are. It makes
   * embeddings bit-identical alone and in any batch.
   */
  readonly deterministicRows: boolean;

  /** What kernels compute in and storages hold; `read` and `write` convert. Sums are float32 at least. */
  readonly computeType: "float32" | "float16";

  /** Texts in a batch where the caller does not say how many. */
  readonly batchTexts: number;

  /** Tokens that one call to the model should hold: enough to be efficient, few enough to stay in the caches. */
  readonly batchTokens: number;
}

/** A place where models compute. */
export interface Backend extends BackendMemory, Kernels {
  /** "js", "wasm" … */
  readonly name: string;

  /** The name and what it found here, for people: "wasm: relaxed SIMD, tile 6x8". */
  readonly description: string;

  readonly capabilities: Capabilities;

  readonly parameters: ParameterStore;

  /** How many batches to have under way at once: 1 where the work is done within the call. It may change. */
  readonly concurrency: number;

  /**
   * null as long as the backend can work. A device that is lost does not come back: this is the error then, and all that
   * is under way or begun later rejects with it. Recovery is a new backend, for which weights are read again.
   */
  readonly lost: Error | null;

  /**
   * Resolves when everything that was given so far has been done; rejects with the first error that no call has thrown
   * and no `read` reports. The filling of weights ends with it, and each batch. Resolves at once where calls and reads
   * report every error.
   */
  settle(): Promise<void>;

  /** Frees all memory. The backend cannot be used afterwards. Resolves when its threads have ended. */
  dispose(): void | Promise<void>;
}
