import type { Collector } from "./compare.ts";
import { Heap } from "./heap.ts";

/** One result of a search. */
export interface SearchHit {
  /** Which row of the corpus. */
  readonly corpusId: number;
  readonly score: number;
}

/** Keeps the best k of each query: the highest scores, and of equal ones the lowest ids. NaN ranks below all. */
export class TopK implements Collector {
  readonly lowest: Float64Array;
  readonly #k: number;
  /** By query; the worst on top. */
  readonly #heaps: Heap<SearchHit>[];

  /** @param k from 1 on */
  constructor(queries: number, k: number) {
    this.#k = k;
    this.lowest = new Float64Array(queries).fill(Number.NEGATIVE_INFINITY);
    this.#heaps = Array.from({ length: queries }, () => new Heap<SearchHit>((a, b) => compareHits(a, b) > 0));
  }

  add(query: number, corpusId: number, score: number): void {
    const heap = this.#heaps[query]!;
    const hit = { corpusId, score };
    if (heap.size < this.#k) heap.push(hit);
    else if (compareHits(hit, heap.top!) < 0) heap.replaceTop(hit);
    else return;
    if (heap.size === this.#k) this.lowest[query] = rank(heap.top!.score);
  }

  /** The best first. */
  hits(query: number): SearchHit[] {
    return [...this.#heaps[query]!.items].sort(compareHits);
  }
}

function compareHits(a: SearchHit, b: SearchHit): number {
  const x = rank(a.score);
  const y = rank(b.score);
  return x === y ? a.corpusId - b.corpusId : y > x ? 1 : -1;
}

function rank(score: number): number {
  return Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score;
}
