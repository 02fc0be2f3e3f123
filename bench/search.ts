/**
 * How fast semanticSearch finds the best 10 of 100,000 embeddings for each of 1,000 queries, all of 384 dimensions,
 * in one thread, and how much memory it takes beside the embeddings. First, for some of the queries, the hits are
 * compared with those of a scan that scores and sorts everything.
 */
import assert from "node:assert/strict";
import { Tensor } from "../src/index.ts";
import { semanticSearch, semanticSearchAsync } from "../src/similarity/semantic-search.ts";
import type { SearchHit } from "../src/similarity/top-k.ts";
import type { TensorData } from "../src/tensor/dtype.ts";
import type { BackendName } from "../src/tensor/placement.ts";
import { selectBackend } from "../src/tensor/select.ts";
import { randomNumbers } from "../test/helpers/random.ts";

export interface SearchBenchOptions {
  /** Each runs in one thread. */
  readonly backends: readonly BackendName[];
  /** A small corpus: does it work? */
  readonly quick: boolean;
}

const QUERIES = 1000;
const CORPUS = 100_000;
const DIMENSION = 384;
const TOP_K = 10;
/** Queries whose hits are compared with the scan's. */
const SAMPLE = 20;

export async function benchSearch({ backends, quick }: SearchBenchOptions): Promise<void> {
  const corpus = embeddings(1, quick ? 3000 : CORPUS);
  const queries = embeddings(2, quick ? 50 : QUERIES);
  const [queryCount, corpusCount] = [queries.shape[0]!, corpus.shape[0]!];
  const sample = queries.slice(0, SAMPLE);
  const expected = Array.from({ length: SAMPLE }, (_, i) => scan(sample.row(i), corpus));
  console.log(`\nsearch, ${queryCount} queries × ${corpusCount} × ${DIMENSION}, cosine, one thread`);
  for (const name of backends) {
    const watch = new MemoryWatch();
    const backend = await selectBackend({ backend: name, threads: 1 });
    console.log(`  ${backend.description}`);
    const options = { topK: TOP_K, backend };
    assert.deepEqual(semanticSearch(sample, corpus, options), expected);
    console.log(`    the hits of ${SAMPLE} queries are those of a scan`);
    const started = performance.now();
    semanticSearch(queries, corpus, options);
    const seconds = (performance.now() - started) / 1000;
    const gigaflops = (2 * queryCount * corpusCount * DIMENSION) / seconds / 1e9;
    await watch.during(() => semanticSearchAsync(queries, corpus, options));
    console.log(`    ${seconds.toFixed(2)} s, ${gigaflops.toFixed(1)} GFLOP/s`);
    console.log(
      `    memory of the process: at most ${megabytes(watch.peak)}, ${megabytes(watch.peak - watch.before)} of it for the search ` +
        `(the embeddings have ${megabytes(4 * (corpusCount + queryCount) * DIMENSION)}; all scores would have ${megabytes(4 * queryCount * corpusCount)})`,
    );
    backend.dispose();
  }
}

/** Of length 1 about, around one direction that all have in common, as those of real models are. */
function embeddings(seed: number, count: number): Tensor {
  const random = randomNumbers(seed);
  const data = Float32Array.from(
    { length: count * DIMENSION },
    (_, i) => 0.02 + 0.08 * (2 * random() - 1) * (1 + (i % 3)),
  );
  return Tensor.from(data, [count, DIMENSION]);
}

/** Scores everything in f64, and takes the best again and again. */
function scan(query: Tensor, corpus: Tensor): SearchHit[] {
  const scores = Float32Array.from({ length: corpus.shape[0]! }, (_, i) =>
    cosine(query.data, corpus.row(i).data),
  );
  return Array.from({ length: TOP_K }, () => {
    let best = 0;
    for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
    const hit = { corpusId: best, score: scores[best]! };
    scores[best] = Number.NEGATIVE_INFINITY;
    return hit;
  });
}

function cosine(a: TensorData, b: TensorData): number {
  let [product, squaresOfA, squaresOfB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squaresOfA += a[i]! ** 2;
    squaresOfB += b[i]! ** 2;
  }
  return product / Math.sqrt(squaresOfA * squaresOfB);
}

/** The resident memory of the process, in bytes. */
class MemoryWatch {
  readonly before = process.memoryUsage.rss();
  peak = this.before;

  /** Looks while `body` runs, which lets timers in between. */
  async during(body: () => Promise<unknown>): Promise<void> {
    const look = () => {
      this.peak = Math.max(this.peak, process.memoryUsage.rss());
    };
    const timer = setInterval(look, 5);
    try {
      await body();
      look();
    } finally {
      clearInterval(timer);
    }
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
