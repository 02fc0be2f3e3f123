/** How fast whole models encode: one text of 8, 32, 128 and 512 tokens, and a batch of short ones. */
import { SentenceTransformer } from "../src/index.ts";
import type { BackendName, BackendOptions } from "../src/tensor/placement.ts";
import { randomModel } from "./random-model.ts";
import { ENCODERS, type EncoderShape } from "./shapes.ts";

export interface EncodeBenchOptions {
  /** Which kernels; those that can use threads run in one and in all. */
  readonly backends: readonly BackendName[];
  /** A run as short as it can be: does it work? */
  readonly quick: boolean;
}

const LENGTHS = [8, 32, 128, 512];

/** A text of exactly so many tokens, special tokens included. */
function textOf(model: SentenceTransformer, tokens: number): string {
  return new Array(tokens - model.tokenizer.addedTokens()).fill("a").join(" ");
}

/** Floating-point operations of the matrix products for one sequence, attention's included: 2 for each multiply-add. */
export function operations(shape: EncoderShape, tokens: number): number {
  const { layers, hidden, intermediate } = shape;
  const perToken = 2 * (4 * hidden * hidden + 2 * hidden * intermediate);
  return layers * tokens * (perToken + 4 * tokens * hidden);
}

/** The fastest of the runs that fit into the time; the first one warms up and does not count. */
async function fastest(
  run: () => Promise<unknown>,
  quick: boolean,
): Promise<{ seconds: number; runs: number }> {
  let best = Number.POSITIVE_INFINITY;
  let runs = 0;
  const begun = performance.now();
  for (;;) {
    const started = performance.now();
    await run();
    const seconds = (performance.now() - started) / 1000;
    if (quick || runs > 0) best = Math.min(best, seconds);
    runs++;
    if (quick || (runs > 1 && performance.now() - begun > 1500)) return { seconds: best, runs };
  }
}

export async function benchEncode({ backends, quick }: EncodeBenchOptions): Promise<void> {
  const shape = ENCODERS["MiniLM-L6"];
  const source = await randomModel(shape);
  console.log(`\nencode, shape of ${shape.name}, random weights`);
  const choices = backends.flatMap((backend): BackendOptions[] =>
    backend === "js" ? [{ backend }] : [{ backend, threads: 1 }, { backend }],
  );
  for (const choice of choices) {
    const model = await SentenceTransformer.load(source, choice);
    console.log(`  ${model.backend}`);
    const lengths = quick ? [LENGTHS[0]!] : LENGTHS;
    for (const tokens of lengths) {
      const text = textOf(model, tokens);
      const { seconds, runs } = await fastest(() => model.encode(text), quick);
      const gigaflops = operations(shape, tokens) / seconds / 1e9;
      console.log(
        `    one text of ${String(tokens).padStart(3)} tokens  ${(seconds * 1000).toFixed(1).padStart(8)} ms ` +
          `${(tokens / seconds).toFixed(0).padStart(7)} tokens/s  ${gigaflops.toFixed(1).padStart(6)} GFLOP/s  (best of ${runs})`,
      );
    }
    if (!quick) {
      const texts = new Array(32).fill(textOf(model, 32));
      const { seconds, runs } = await fastest(() => model.encode(texts), quick);
      console.log(
        `    32 texts of 32 tokens   ${(seconds * 1000).toFixed(1).padStart(8)} ms ` +
          `${((32 * 32) / seconds).toFixed(0).padStart(7)} tokens/s  ${((32 * operations(shape, 32)) / seconds / 1e9).toFixed(1).padStart(6)} GFLOP/s  (best of ${runs})`,
      );
    }
    await model.dispose();
  }
}
