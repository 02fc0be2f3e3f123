import type { EmbeddingTable } from "../tensor/backend.ts";
import type { Lookup } from "../tensor/ops/embedding-sum.ts";
import type { Weights } from "./weights.ts";

/** A table of vectors by id. Checkpoint name: `weight` [rows, width], unless another is given. */
export class Embedding {
  readonly weight: EmbeddingTable;
  readonly #what: string;

  /** `what` names the ids in error messages: "token id", "position". */
  constructor(what: string, rows: number, width: number, weights: Weights, name = "weight") {
    this.weight = weights.table(name, rows, width);
    this.#what = what;
  }

  /** What `embeddingSum` adds up: several tables are looked up in one pass. */
  lookup(ids: Int32Array): Lookup {
    return { what: this.#what, table: this.weight, ids };
  }
}
