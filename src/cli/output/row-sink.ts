import type { EmbeddingsToSave } from "../../util/stored/content.ts";

/** Takes embeddings as they come. */
export interface RowSink {
  /** Rows that were there before, and those since. */
  readonly count: number;
  append(rows: Pick<EmbeddingsToSave, "embeddings" | "sentences">): Promise<void>;
  close(): Promise<void>;
}
