import { copyEmbeddings } from "../embeddings/containers.ts";
import { checkSameDimension, type Embeddings, rowsOf } from "../embeddings/rows.ts";
import { checkWhole } from "../runtime/check-arguments.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import { createScorer, type ScoringOptions, scoringOptionNames } from "./search.ts";
import { runAtOnce, runInTurns, type Steps } from "./steps.ts";
import { type SearchHit, TopK } from "./top-k.ts";

export interface SemanticSearchOptions extends ScoringOptions {
  /** How many queries a score function of your own gets at a time. Default: 100. */
  readonly queryChunkSize?: number | undefined;
  /** How many rows of the corpus it gets at a time. Default: 500,000. */
  readonly corpusChunkSize?: number | undefined;
  /** How many hits to find for each query. Default: 10. */
  readonly topK?: number | undefined;
}

const optionNames: OptionNames<SemanticSearchOptions> = {
  ...scoringOptionNames,
  queryChunkSize: true,
  corpusChunkSize: true,
  topK: true,
};

export interface SemanticSearchAsyncOptions extends SemanticSearchOptions {
  /** Stops the search, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const asyncOptionNames: OptionNames<SemanticSearchAsyncOptions> = { ...optionNames, signal: true };

/**
 * The rows of the corpus that are most like each query: sentence_transformers/util/retrieval.py. The whole
 * corpus is compared, up to about a million rows.
 *
 * Hits come with falling scores. Of equal scores the lower `corpusId` comes first and is the one that is kept
 * (the reference leaves both open); a score that is NaN ranks below all others. The hits depend neither on
 * the chunk sizes nor on the backend: the scores of the named similarity functions are summed in f64 and
 * rounded to f32.
 *
 * @returns for each query, min(topK, rows of the corpus) hits
 * @throws ShapeError where queries and corpus have different dimensions
 */
export function semanticSearch(
  queryEmbeddings: Embeddings,
  corpusEmbeddings: Embeddings,
  options: SemanticSearchOptions = {},
): SearchHit[][] {
  const given = readOptions("semanticSearch", options, optionNames);
  return runAtOnce(search(queryEmbeddings, corpusEmbeddings, given));
}

/**
 * `semanticSearch` that lets other work in between, and can use backends that cannot be read at once. The vectors of the
 * corpus are not copied: their numbers must stay as they are until the promise settles.
 */
export async function semanticSearchAsync(
  queryEmbeddings: Embeddings,
  corpusEmbeddings: Embeddings,
  options: SemanticSearchAsyncOptions = {},
): Promise<SearchHit[][]> {
  const { signal, ...given } = readOptions("semanticSearchAsync", options, asyncOptionNames);
  const queries = copyEmbeddings(queryEmbeddings);
  return await runInTurns(search(queries, corpusEmbeddings, given), signal);
}

function* search(
  queryEmbeddings: Embeddings,
  corpusEmbeddings: Embeddings,
  options: SemanticSearchOptions,
): Steps<SearchHit[][]> {
  const queryChunkSize = checkWhole(options.queryChunkSize ?? 100, "queryChunkSize", 1);
  const corpusChunkSize = checkWhole(options.corpusChunkSize ?? 500_000, "corpusChunkSize", 1);
  const topK = checkWhole(options.topK ?? 10, "topK", 0);
  const queries = rowsOf(queryEmbeddings, "semanticSearch: queries");
  const corpus = rowsOf(corpusEmbeddings, "semanticSearch: corpus");
  checkSameDimension(queries, corpus, "semanticSearch");
  const chunkSizes = { queryChunkSize, corpusChunkSize };
  const scorer = createScorer("semanticSearch", options.scoreFunction, chunkSizes, [queries, corpus]);
  if (topK === 0) return Array.from({ length: queries.count }, () => []);
  const best = new TopK(queries.count, topK);
  yield* scorer(queries, corpus, best, options.backend);
  return Array.from({ length: queries.count }, (_, query) => best.hits(query));
}
