/** What ops and backends pass each other: memory that only the backend that made it looks inside. */

/** Float32 memory of a backend. */
export interface Storage {
  /** In elements. */
  readonly length: number;
}

/** A weight matrix [outFeatures, inFeatures] in the layout that the backend's kernels read. */
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
