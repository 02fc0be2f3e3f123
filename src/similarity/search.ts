import type { Rows } from "../embeddings/rows.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import { describe } from "../runtime/check-arguments.ts";
import type { OptionNames } from "../runtime/check-options.ts";
import type { Backend } from "../tensor/backend.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor, type Tensor2D } from "../tensor/tensor.ts";
import { type Collector, checkElementType, compare } from "./compare.ts";
import { measures } from "./measures.ts";
import type { SimilarityFunctionName } from "./similarity-function-name.ts";
import { checkSimilarityFunctionName, similarityFunctionName } from "./similarity-functions.ts";
import type { Steps } from "./steps.ts";

/** Scores of all rows of `a` [n, dimension] with all rows of `b` [m, dimension]: [n, m], the higher the more alike. */
export type ScoreFunction = (a: Tensor2D, b: Tensor2D) => Tensor;

/** What searches have in common. */
export interface ScoringOptions {
  /**
   * One of this package's similarity functions, or its name: those are computed block by block, in bounded
   * memory. Or a function of your own, which is called with chunks. Default: `cosSim`.
   */
  readonly scoreFunction?: ScoreFunction | SimilarityFunctionName | undefined;
  /** Computes the matrix products, where they are large. Default: CPU kernels. */
  readonly backend?: Backend | undefined;
}

export const scoringOptionNames: OptionNames<ScoringOptions> = { scoreFunction: true, backend: true };

/** Hands the collector the scores of every row of `queries` with every row of `corpus`, ids ascending. */
export type Scorer = (
  queries: Rows,
  corpus: Rows,
  collector: Collector,
  backend: Backend | undefined,
) => Steps<void>;

/** What a score function of the caller's own gets at a time, in rows. */
export interface ChunkSizes {
  readonly queryChunkSize: number;
  readonly corpusChunkSize: number;
}

/**
 * @param operation what error messages begin with
 * @throws ArgumentError for an unknown name, and for quantized rows with a measure that does not take them
 */
export function createScorer(
  operation: string,
  scoreFunction: ScoringOptions["scoreFunction"],
  chunkSizes: ChunkSizes,
  sides: readonly Rows[],
): Scorer {
  const name =
    typeof scoreFunction === "function"
      ? similarityFunctionName(scoreFunction)
      : checkSimilarityFunctionName(scoreFunction ?? "cosine");
  if (name === undefined) return customScorer(operation, scoreFunction as ScoreFunction, chunkSizes);
  const measure = measures[name];
  for (const side of sides) checkElementType(side, measure, operation);
  return (queries, corpus, collector, backend) => compare(queries, corpus, measure, collector, backend);
}

function customScorer(
  operation: string,
  scoreFunction: ScoreFunction,
  { queryChunkSize, corpusChunkSize }: ChunkSizes,
): Scorer {
  return function* (queries, corpus, collector) {
    for (let firstQuery = 0; firstQuery < queries.count; firstQuery += queryChunkSize) {
      const queryChunk = toTensor(queries, firstQuery, firstQuery + queryChunkSize);
      for (let firstId = 0; firstId < corpus.count; firstId += corpusChunkSize) {
        const corpusChunk = toTensor(corpus, firstId, firstId + corpusChunkSize);
        const scores = checkScores(
          operation,
          scoreFunction(queryChunk, corpusChunk),
          queryChunk,
          corpusChunk,
        );
        const { data } = scores;
        const [rows, columns] = scores.shape as [number, number];
        for (let r = 0, i = 0; r < rows; r++) {
          const query = firstQuery + r;
          for (let c = 0; c < columns; c++, i++) {
            const score = data[i]!;
            if (!(score < collector.lowest[query]!)) collector.add(query, firstId + c, score);
          }
        }
        yield null;
      }
    }
  };
}

function checkScores(operation: string, scores: unknown, a: Tensor, b: Tensor): Tensor {
  if (!(scores instanceof Tensor)) {
    throw new ArgumentError(
      `${operation}: expected scoreFunction to return a Tensor, got ${describe(scores)}`,
      {
        subject: "scoreFunction",
      },
    );
  }
  const shape = [a.shape[0]!, b.shape[0]!];
  if (!sameShape(scores.shape, shape)) {
    throw new ShapeError(
      `${operation}: expected scoreFunction to return ${formatShape(shape)}, got ${formatShape(scores.shape)}`,
      { subject: "scoreFunction" },
    );
  }
  return scores;
}

/** Rows `start … end − 1`, or as many of them as there are. */
function toTensor(rows: Rows, start: number, end: number): Tensor2D {
  const count = Math.min(end, rows.count) - start;
  const data = new Float32Array(count * rows.dimension);
  for (let i = 0; i < count; i++) rows.load(start + i, data, i * rows.dimension);
  return Tensor.from(data, [count, rows.dimension]);
}
