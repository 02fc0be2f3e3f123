import Benchmark from "benchmark";

export interface Measurement {
  /** Seconds a call. */
  readonly median: number;
  /** The middle half of the samples lies between these. */
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  readonly best: number;
  readonly samples: number;
}

/** Warm-up apart, at least five samples; more as long as they fit into `seconds`. */
export async function measure(run: () => void | Promise<void>, seconds: number): Promise<Measurement> {
  const first = run();
  await first;

  const options: Benchmark.Options = { maxTime: seconds, minSamples: 5, minTime: 0.02 };
  const benchmark =
    first === undefined
      ? new Benchmark(run, options)
      : new Benchmark({
          ...options,
          defer: true,
          fn: (deferred: { resolve: () => void }) =>
            void Promise.resolve(run()).then(() => deferred.resolve()),
        });
  await new Promise<void>((resolve, reject) => {
    benchmark.on("complete", () => resolve());
    benchmark.on("error", () => reject((benchmark as { error?: unknown }).error));
    benchmark.run({ async: true });
  });

  const sample = benchmark.stats.sample.toSorted((a, b) => a - b);
  return {
    median: quantile(sample, 0.5),
    lowerQuartile: quantile(sample, 0.25),
    upperQuartile: quantile(sample, 0.75),
    best: sample[0]!,
    samples: sample.length,
  };
}

/** Of sorted numbers, interpolated. */
function quantile(sorted: readonly number[], fraction: number): number {
  const place = fraction * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below + (above - below) * (place - Math.floor(place));
}
