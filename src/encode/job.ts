/** What `encode` makes of texts once all options are settled: here, or in another thread. */
import type { TextOrPair } from "../tokenizer/tokenizer.ts";
import type { Output } from "./output.ts";
import type { Pipeline, RunHooks, RunSettings } from "./pipeline.ts";

/** How vectors are computed. Plain data: it may travel to a worker. */
export interface EncodeJob extends RunSettings {
  /** null: all dimensions. */
  readonly truncateDim: number | null;
  readonly normalize: boolean;
}

/** Results in the order of the texts. */
export async function runJob<Result, Job extends RunSettings>(
  pipeline: Pipeline,
  output: Output<Result, Job>,
  texts: readonly TextOrPair[],
  job: Job,
  hooks: RunHooks = {},
): Promise<Result> {
  return await pipeline.run(texts, output.createCollector(texts.length, job, pipeline), job, hooks);
}
