import { type Embeddings, type Rows, rowsOf } from "../embeddings/rows.ts";
import { checkWhole } from "../runtime/check-arguments.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Heap } from "./heap.ts";
import { createScorer, type ScoringOptions, scoringOptionNames } from "./search.ts";
import { runAtOnce, runInTurns, type Steps } from "./steps.ts";
import { TopK } from "./top-k.ts";

/** [score, i, j] with i < j. */
export type ScoredPair = [score: number, first: number, second: number];

export interface ParaphraseMiningEmbeddingsOptions extends ScoringOptions {
  /** How many rows are compared at a time. Default: 5,000. */
  readonly queryChunkSize?: number | undefined;
  /** With how many rows at a time. Each row keeps `topK` of each such chunk. Default: 100,000. */
  readonly corpusChunkSize?: number | undefined;
  /** How many pairs to find; (i, j) and (j, i) count as two while searching. Default: 500,000. */
  readonly maxPairs?: number | undefined;
  /** How many others each row can be paired with. Default: 100. */
  readonly topK?: number | undefined;
}

const embeddingsOptionNames: OptionNames<ParaphraseMiningEmbeddingsOptions> = {
  ...scoringOptionNames,
  queryChunkSize: true,
  corpusChunkSize: true,
  maxPairs: true,
  topK: true,
};

/** As in `encode`. */
interface EncodingOptions {
  readonly batchSize?: number | undefined;
  readonly showProgressBar?: boolean | undefined;
  readonly truncateDim?: number | undefined;
  readonly promptName?: string | undefined;
  readonly prompt?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ParaphraseMiningOptions extends ParaphraseMiningEmbeddingsOptions, EncodingOptions {}

const optionNames: OptionNames<ParaphraseMiningOptions> = {
  ...embeddingsOptionNames,
  batchSize: true,
  showProgressBar: true,
  truncateDim: true,
  promptName: true,
  prompt: true,
  signal: true,
};

/** What `paraphraseMining` needs of a SentenceTransformer. */
export interface EmbeddingModel {
  encode(
    texts: readonly string[],
    options: EncodingOptions & { readonly convertToTensor: true },
  ): Promise<Tensor>;
}

/**
 * Finds the pairs of sentences that are most alike: sentence_transformers/util/retrieval.py.
 *
 * @returns [score, i, j] with i < j, the highest score first, then by i and j; see
 *   `paraphraseMiningEmbeddings` for which pairs
 */
export async function paraphraseMining(
  model: EmbeddingModel,
  sentences: readonly string[],
  options: ParaphraseMiningOptions = {},
): Promise<ScoredPair[]> {
  const mining = readOptions("paraphraseMining", options, optionNames);
  const { batchSize, showProgressBar, truncateDim, promptName, prompt, signal } = mining;
  const texts = Array.isArray(sentences) ? [...sentences] : sentences;
  const embeddings = await model.encode(texts, {
    batchSize,
    showProgressBar,
    truncateDim,
    promptName,
    prompt,
    signal,
    convertToTensor: true,
  });
  return await runInTurns(mine(embeddings, mining), signal);
}

/**
 * The same for embeddings that exist already.
 *
 * Each row is paired with the `topK` + 1 rows of every corpus chunk that score highest (it is mostly one of
 * them itself). As in the reference, a pair must score more than −1, which Euclidean and Manhattan
 * similarities often do not; and once there are `maxPairs`, each further one pushes out the lowest, so that
 * at most `maxPairs` − 1 remain, fewer once (i, j) and (j, i) have been made one.
 */
export function paraphraseMiningEmbeddings(
  embeddings: Embeddings,
  options: ParaphraseMiningEmbeddingsOptions = {},
): ScoredPair[] {
  return runAtOnce(
    mine(embeddings, readOptions("paraphraseMiningEmbeddings", options, embeddingsOptionNames)),
  );
}

function* mine(embeddings: Embeddings, options: ParaphraseMiningEmbeddingsOptions): Steps<ScoredPair[]> {
  const queryChunkSize = checkWhole(options.queryChunkSize ?? 5000, "queryChunkSize", 1);
  const corpusChunkSize = checkWhole(options.corpusChunkSize ?? 100_000, "corpusChunkSize", 1);
  const topK = checkWhole(options.topK ?? 100, "topK", 0);
  const pairs = new PairQueue(checkWhole(options.maxPairs ?? 500_000, "maxPairs", 1));
  const rows = rowsOf(embeddings, "paraphraseMining");
  const chunkSizes = { queryChunkSize, corpusChunkSize };
  const scorer = createScorer("paraphraseMining", options.scoreFunction, chunkSizes, [rows]);
  for (const [firstId, corpus] of chunks(rows, corpusChunkSize)) {
    for (const [firstQuery, queries] of chunks(rows, queryChunkSize)) {
      const best = new TopK(queries.count, topK + 1);
      yield* scorer(queries, corpus, best, options.backend);
      for (let query = 0; query < queries.count; query++) {
        for (const { corpusId, score } of best.hits(query)) {
          pairs.add(score, firstQuery + query, firstId + corpusId);
        }
      }
    }
  }
  return pairs.finish();
}

function* chunks(rows: Rows, size: number): Generator<[first: number, chunk: Rows]> {
  for (let start = 0; start < rows.count; start += size) {
    yield [start, rows.slice(start, Math.min(start + size, rows.count))];
  }
}

/** Keeps the highest pairs in the order of Python's tuples (score, i, j), the lowest on top. */
class PairQueue {
  readonly #maxPairs: number;
  readonly #heap = new Heap<ScoredPair>((a, b) => comparePairs(a, b) < 0);
  #added = 0;
  #minScore = -1;

  constructor(maxPairs: number) {
    this.#maxPairs = maxPairs;
  }

  add(score: number, i: number, j: number): void {
    if (i === j || !(score > this.#minScore)) return;
    this.#heap.push([score, i, j]);
    this.#added++;
    if (this.#added >= this.#maxPairs) this.#minScore = this.#heap.pop()![0];
  }

  /** Of (i, j) and (j, i), the lower one remains. */
  finish(): ScoredPair[] {
    const ascending = [...this.#heap.items].sort(comparePairs);
    const byPair = ascending.map((pair, order) => ({ pair, order, ...sortedPair(pair) }));
    byPair.sort((a, b) => a.low - b.low || a.high - b.high || a.order - b.order);
    return byPair
      .filter(({ low, high }, index) => low !== byPair[index - 1]?.low || high !== byPair[index - 1]?.high)
      .sort((a, b) => b.pair[0] - a.pair[0] || a.order - b.order)
      .map(({ pair, low, high }) => [pair[0], low, high]);
  }
}

function comparePairs(a: ScoredPair, b: ScoredPair): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function sortedPair([, i, j]: ScoredPair): { low: number; high: number } {
  return { low: Math.min(i, j), high: Math.max(i, j) };
}
