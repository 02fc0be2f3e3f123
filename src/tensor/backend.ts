/**
 * The contract of backends: memory, parameters, kernels. It imports no backend, so that every backend may import it;
 * `select.ts` is the one file that knows them all. What the kernels compute is said in `kernel-table.ts`.
 */
import type { EmbeddingTable, PackedMatrix, Storage } from "./handles.ts";
import type { KernelName, Kernels } from "./kernel-table.ts";

export type { EmbeddingTable, PackedMatrix, Storage } from "./handles.ts";
export type { ActivationName, PoolingReduction } from "./kernel-table.ts";

/** A vector counts as a column: its rows are its elements. */
export type Parameter = Storage | PackedMatrix | EmbeddingTable;

/** How the elements of a weight matrix are kept and multiplied. */
export type MatrixDType = "float32";

/** Elements `start … start + into.length − 1` of a storage, and where they are copied to. */
export interface ReadPiece {
  readonly start: number;
  readonly into: Float32Array;
}

/** Memory of intermediate results. Kernels and copies are carried out in the order of the calls. */
export interface BackendMemory {
  /** Memory for `length` elements, with arbitrary content. */
  allocate(length: number): Storage;

  /** Frees memory for reuse. Work that was given before still finds it. `storage` must not be used again. */
  free(storage: Storage): void;

  /** Copies `values` to elements `start …` of `storage`. */
  write(storage: Storage, values: Float32Array, start: number): void;

  /**
   * Copies pieces to where the caller wants them, after everything enqueued so far: one transfer for all of them, and one
   * copy of each. `storage` may be freed before the promise resolves.
   */
  read(storage: Storage, pieces: readonly ReadPiece[]): Promise<void>;

  /** The same at once, on backends whose memory the CPU sees; null on the others. */
  readonly readSync: ((storage: Storage, pieces: readonly ReadPiece[]) => void) | null;
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

  /**
   * The rows of a float32 matrix as a table in the same memory, for an output matrix that is the embedding table, too.
   * Products are as fast as without it. A lookup may have to gather its rows from the matrix's layout: a table of its own
   * is faster where nobody multiplies with it. The rows are written as those of the matrix, which must outlive the table;
   * freeing the table frees no memory.
   */
  rowsOf(matrix: PackedMatrix): EmbeddingTable;

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

/** A kernel with all that distinguishes its calls by a model, but for what depends on the batch. */
export interface KernelVariant {
  readonly kernel: KernelName;
  /** Those that are the model's: widths, the activation. */
  readonly dims: Readonly<Record<string, number | string | null>>;
  /** Optional operands that are not there: "bias", "residual". */
  readonly absent: readonly string[];
  /** Operands whose memory is the output's, too. */
  readonly inPlace: readonly string[];
  /** How many operands each list has: tables that are added up. */
  readonly counts: Readonly<Record<string, number>>;
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
export interface Backend extends BackendMemory {
  /** "js", "wasm" … */
  readonly name: string;

  /** The name and what it found here, for people: "wasm: relaxed SIMD, tile 6x8". */
  readonly description: string;

  readonly capabilities: Capabilities;

  readonly parameters: ParameterStore;

  /**
   * A call enqueues or does the work at once, as the backend likes; `read` waits for what was enqueued. Others stand here
   * while calls are recorded for `prepare`.
   */
  kernels: Kernels;

  /**
   * Compiles kernels before they are first called, which would wait for it: all that a model calls, while its weights are
   * read. Absent where nothing is to be compiled.
   */
  prepare?(kernels: readonly KernelVariant[]): Promise<void>;

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
