import type { Rows } from "../embeddings/rows.ts";
import { sizeOf } from "../embeddings/vector-size.ts";
import { ArgumentError } from "../errors.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Measure, ScoreBound } from "./measures.ts";
import { type ProductBlock, productBlocks, type StagedRows } from "./product-blocks.ts";
import { scorePairs } from "./score-pairs.ts";
import { sharedBackend } from "./shared-backend.ts";
import type { Steps } from "./steps.ts";

/** What keeps the scores that are wanted. */
export interface Collector {
  /** By query: scores below this are of no interest. `add` may raise it. */
  readonly lowest: Float64Array;
  /** Called with ascending `id` for each query; the score is rounded to f32. */
  add(query: number, id: number, score: number): void;
}

/** Below this many multiplications, setting up a backend costs more than it saves. */
const FEW_PRODUCTS = 2 ** 22;

/** With fewer queries than this a matrix kernel has nothing to share between them. */
const FEW_QUERIES = 4;

/** Whether the product of a and b is worth a backend. */
export function isLarge(a: Rows, b: Rows): boolean {
  const few = Math.min(a.count, b.count) < FEW_QUERIES;
  return !few && a.count * b.count * b.dimension >= FEW_PRODUCTS;
}

/**
 * Compares every query with every row of the corpus and hands the collector all scores that can interest it.
 *
 * The scores are exact: summed in f64, whatever the backend, the number of queries and the order. The backend
 * computes cosines in f32, and those only decide which pairs cannot be of interest, by a bound on their
 * rounding error. Memory: blocks of both sides and of their product.
 */
export function* compare(
  queries: Rows,
  corpus: Rows,
  measure: Measure,
  collector: Collector,
  backend: Backend | undefined,
): Steps<void> {
  if (measure.bound === null || !isLarge(queries, corpus)) {
    yield* scorePairs(queries, corpus, measure, (query, id, score) =>
      collector.add(query, id, Math.fround(score)),
    );
    return;
  }
  const screen = new Screen(queries, corpus, { ...measure, bound: measure.bound }, collector);
  yield* productBlocks(
    screen.corpusDirections,
    screen.queryDirections,
    corpus.dimension,
    backend ?? sharedBackend(),
    (block) => screen.visit(block),
  );
}

/** @throws ArgumentError where the reference's function refuses integers. */
export function checkElementType(rows: Rows, measure: Measure, operation: string): void {
  if (measure.name === "dot" || rows.dtype === "float32" || rows.dtype === "float64") return;
  throw new ArgumentError(
    `${operation}: expected float vectors for ${measure.name} similarity, got ${rows.dtype} (quantized vectors have dot products only)`,
    { code: "unsupported-dtype" },
  );
}

/** Rows divided by their lengths, in f32; notes the lengths on the way. */
export class Directions implements StagedRows {
  readonly count: number;
  /** ‖x‖² */
  readonly squared: Float64Array;
  /** max(‖x‖, 1e-12) */
  readonly scales: Float64Array;
  readonly #rows: Rows;
  readonly #row: Float64Array;

  constructor(rows: Rows) {
    this.count = rows.count;
    this.squared = new Float64Array(rows.count);
    this.scales = new Float64Array(rows.count);
    this.#rows = rows;
    this.#row = new Float64Array(rows.dimension);
  }

  stage(target: Float32Array, start: number, end: number): void {
    const row = this.#row;
    for (let index = start, at = 0; index < end; index++, at += row.length) {
      this.#rows.load(index, row, 0);
      const { squared, scale } = sizeOf(row);
      this.squared[index] = squared;
      this.scales[index] = scale;
      for (let i = 0; i < row.length; i++) target[at + i] = row[i]! / scale;
    }
  }
}

/** Looks through blocks of approximate cosines and scores what they do not rule out. */
class Screen {
  readonly queryDirections: Directions;
  readonly corpusDirections: Directions;
  readonly #queries: Rows;
  readonly #corpus: Rows;
  readonly #measure: Measure & { readonly bound: ScoreBound };
  readonly #collector: Collector;
  readonly #slack: number;
  readonly #limits: Float64Array;
  readonly #query: Float64Array;
  readonly #candidate: Float64Array;
  /** Which row of the corpus `#candidate` holds. */
  #candidateId = -1;

  constructor(
    queries: Rows,
    corpus: Rows,
    measure: Measure & { readonly bound: ScoreBound },
    collector: Collector,
  ) {
    this.queryDirections = new Directions(queries);
    this.corpusDirections = new Directions(corpus);
    this.#queries = queries;
    this.#corpus = corpus;
    this.#measure = measure;
    this.#collector = collector;
    this.#limits = new Float64Array(queries.count);
    this.#query = new Float64Array(queries.dimension);
    this.#candidate = new Float64Array(corpus.dimension);
    // With u = 2⁻²⁴: two directions rounded to f32 are off by 2u, their product of k terms, in any order, by
    // k·u. The rest covers terms of u² and the rounding of the bound itself.
    this.#slack = (corpus.dimension + 8) * 2 ** -24;
  }

  visit({ products, firstRow, rows, firstColumn, columns }: ProductBlock): void {
    const { bound } = this.#measure;
    const slack = this.#slack;
    const limits = this.#limits;
    const scales = this.queryDirections.scales;
    if (firstRow === 0) for (let c = 0; c < columns; c++) this.#updateLimit(firstColumn + c);
    for (let r = 0; r < rows; r++) {
      const size = {
        squared: this.corpusDirections.squared[firstRow + r]!,
        scale: this.corpusDirections.scales[firstRow + r]!,
      };
      const gain = bound.gain(size);
      const offset = bound.offset(size);
      for (let c = 0, i = r * columns; c < columns; c++, i++) {
        const query = firstColumn + c;
        // NaN, wherever it comes from, compares as false: such a pair is scored.
        if ((products[i]! + slack) * gain - offset / scales[query]! < limits[query]!) continue;
        this.#score(query, firstRow + r);
      }
    }
  }

  #score(query: number, id: number): void {
    this.#queries.load(query, this.#query, 0);
    if (id !== this.#candidateId) this.#corpus.load(id, this.#candidate, 0);
    this.#candidateId = id;
    const score = this.#measure.score(
      this.#query,
      this.#candidate,
      sizeAt(this.queryDirections, query),
      sizeAt(this.corpusDirections, id),
    );
    this.#collector.add(query, id, Math.fround(score));
    this.#updateLimit(query);
  }

  #updateLimit(query: number): void {
    const size = sizeAt(this.queryDirections, query);
    this.#limits[query] = this.#measure.bound.limit(size, this.#collector.lowest[query]!);
  }
}

function sizeAt({ squared, scales }: Directions, index: number): { squared: number; scale: number } {
  return { squared: squared[index]!, scale: scales[index]! };
}
