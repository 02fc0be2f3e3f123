import { type Embeddings, type Rows, rowsOf } from "../embeddings/rows.ts";
import { ArgumentError } from "../errors.ts";
import { checkWhole } from "../runtime/check-arguments.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import type { Backend } from "../tensor/backend.ts";
import { type Collector, checkElementType, compare } from "./compare.ts";
import { measures } from "./measures.ts";
import { runAtOnce, runInTurns, type Steps } from "./steps.ts";

export interface CommunityDetectionOptions {
  /** The cosine from which two embeddings are close. Default: 0.75. */
  readonly threshold?: number | undefined;
  /** Smaller communities are left out; never more than there are embeddings. Default: 10. */
  readonly minCommunitySize?: number | undefined;
  /** How many embeddings are compared with all others at a time: memory, never results. Default: 1,024. */
  readonly batchSize?: number | undefined;
  /** Computes the matrix products, where they are large. Default: CPU kernels. */
  readonly backend?: Backend | undefined;
}

const optionNames: OptionNames<CommunityDetectionOptions> = {
  threshold: true,
  minCommunitySize: true,
  batchSize: true,
  backend: true,
};

export interface CommunityDetectionAsyncOptions extends CommunityDetectionOptions {
  /** Stops the work, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const asyncOptionNames: OptionNames<CommunityDetectionAsyncOptions> = { ...optionNames, signal: true };

/**
 * Groups of embeddings that are close to one of them, without overlap: sentence_transformers/util/retrieval.py.
 *
 * Around every embedding lies the community of those with a cosine of at least `threshold`. The largest one is
 * taken first (of equally large ones, that of the lowest index), its members leave all others, and so on.
 *
 * @returns indices, the largest community first; within one, the closest to its center first (of equally
 *   close ones the lowest index), so that the first one is the center or a duplicate of it
 */
export function communityDetection(
  embeddings: Embeddings,
  options: CommunityDetectionOptions = {},
): number[][] {
  return runAtOnce(detect(embeddings, readOptions("communityDetection", options, optionNames)));
}

/**
 * `communityDetection` that lets other work in between, and can use backends that cannot be read at once. The vectors are
 * not copied: their numbers must stay as they are until the promise settles.
 */
export async function communityDetectionAsync(
  embeddings: Embeddings,
  options: CommunityDetectionAsyncOptions = {},
): Promise<number[][]> {
  const { signal, ...given } = readOptions("communityDetectionAsync", options, asyncOptionNames);
  return await runInTurns(detect(embeddings, given), signal);
}

function* detect(embeddings: Embeddings, options: CommunityDetectionOptions): Steps<number[][]> {
  const { threshold = 0.75 } = options;
  if (typeof threshold !== "number" || Number.isNaN(threshold)) {
    throw new ArgumentError(`communityDetection: threshold: expected a number, got ${String(threshold)}`, {
      subject: "threshold",
    });
  }
  const batchSize = checkWhole(options.batchSize ?? 1024, "batchSize", 1);
  const rows = rowsOf(embeddings, "communityDetection");
  checkElementType(rows, measures.cosine, "communityDetection");
  const minimum = Math.min(checkWhole(options.minCommunitySize ?? 10, "minCommunitySize", 1), rows.count);
  const communities: Uint32Array[] = [];
  for (let start = 0; start < rows.count; start += batchSize) {
    const batch = rows.slice(start, Math.min(start + batchSize, rows.count));
    yield* findCommunities(batch, rows, { threshold, minimum }, options.backend, communities);
  }
  return withoutOverlap(communities, rows.count, minimum);
}

/** Adds the community around each row of the batch that is large enough. */
function* findCommunities(
  batch: Rows,
  rows: Rows,
  { threshold, minimum }: { readonly threshold: number; readonly minimum: number },
  backend: Backend | undefined,
  communities: Uint32Array[],
): Steps<void> {
  const close = new CloseRows(batch.count, threshold);
  yield* compare(batch, rows, measures.cosine, close, backend);
  for (let i = 0; i < batch.count; i++) {
    if (close.count(i) >= minimum) communities.push(close.sorted(i));
  }
}

/** Communities that are large first, each without what an earlier one has. */
function withoutOverlap(communities: Uint32Array[], count: number, minimum: number): number[][] {
  const used = new Uint8Array(count);
  const results: number[][] = [];
  for (const community of communities.sort((a, b) => b.length - a.length)) {
    const left = Array.from(community.filter((index) => used[index] === 0));
    if (left.length < minimum) continue;
    for (const index of left) used[index] = 1;
    results.push(left);
  }
  return results.sort((a, b) => b.length - a.length);
}

/** Keeps every score from the threshold on; both are f32, as in the reference. */
class CloseRows implements Collector {
  readonly lowest: Float64Array;
  readonly #threshold: number;
  readonly #ids: number[][];
  readonly #scores: number[][];

  constructor(queries: number, threshold: number) {
    this.#threshold = Math.fround(threshold);
    this.lowest = new Float64Array(queries).fill(this.#threshold);
    this.#ids = Array.from({ length: queries }, () => []);
    this.#scores = Array.from({ length: queries }, () => []);
  }

  add(query: number, id: number, score: number): void {
    if (!(score >= this.#threshold)) return;
    this.#ids[query]!.push(id);
    this.#scores[query]!.push(score);
  }

  count(query: number): number {
    return this.#ids[query]!.length;
  }

  /** The ids, the highest score first. */
  sorted(query: number): Uint32Array {
    const ids = this.#ids[query]!;
    const scores = this.#scores[query]!;
    const order = Array.from(ids.keys()).sort((a, b) => scores[b]! - scores[a]!); // stable: ids ascend
    return Uint32Array.from(order, (position) => ids[position]!);
  }
}
