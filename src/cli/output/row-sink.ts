import type { EmbeddingsToSave } from "../../embedding-files/content.ts";

/** How a run ended: with all embeddings, by the user, or by an error. */
export type Outcome = "complete" | "interrupted" | "failed";

/** Takes embeddings as they come. */
export interface RowSink {
  /** Rows that were there before, and those since. */
  readonly count: number;
  append(rows: Pick<EmbeddingsToSave, "embeddings" | "sentences">): Promise<void>;
  close(outcome: Outcome): Promise<void>;
}
