/**
 * How much of what the core can do is used: the peak of its multiply-adds, the matrix kernel's share of that, and the
 * whole model's share of the matrix kernel, measured in turns, since the speed of machines drifts.
 */
import { SentenceTransformer } from "../src/index.ts";
import { probeFeatures } from "../src/tensor/backend/wasm/features.ts";
import type { Backend } from "../src/tensor/backend.ts";
import { selectBackend } from "../src/tensor/select.ts";
import { f32x4, i32, ModuleBuilder } from "../src/wasm-assembler/index.ts";
import { operations } from "./encode.ts";
import { KERNEL_BENCHES, type PreparedKernel } from "./kernel-benches.ts";
import { randomModel } from "./random-model.ts";
import { ENCODERS } from "./shapes.ts";

export interface PeakBenchOptions {
  /** One short round: does it work? */
  readonly quick: boolean;
}

const SHAPE = ENCODERS["MiniLM-L6"];
const ROUNDS = 15;
const SECONDS = 0.15;

/** Tokens of the texts: real text is short and uneven. */
const LENGTHS = [8, 11, 12, 14, 17, 18, 22, 25, 29, 31, 38, 44, 53, 61, 77, 92, 110, 128, 160, 200, 256];

/** Something that is measured: operations a call, and the call. */
interface Candidate {
  readonly name: string;
  readonly operations: number;
  readonly run: () => unknown;
}

export async function benchPeak({ quick }: PeakBenchOptions): Promise<void> {
  const { relaxedMultiplyAdd } = probeFeatures();
  if (relaxedMultiplyAdd !== "fused") {
    console.log("\npeak: skipped, since this runtime has no fused multiply-add to compare with");
    return;
  }
  for (const wideSimd of [false, true]) {
    const backend = await selectBackend({ backend: "wasm", threads: 1, wideSimd });
    if (!wideSimd || backend.description.includes("256")) await benchBackend(backend, wideSimd, quick);
    else
      console.log("\npeak: wide SIMD skipped, since it is not to be had here (SENTENSOR_DEBUG=1 says why)");
    backend.dispose();
  }
}

async function benchBackend(backend: Backend, wideSimd: boolean, quick: boolean): Promise<void> {
  console.log(`\npeak, ${backend.description}`);
  const model = await SentenceTransformer.load(await randomModel(SHAPE), {
    backend: "wasm",
    threads: 1,
    wideSimd,
  });
  const kernels = linearKernels(backend);
  // Units of 256 bits do twice the work of those of 128, which are the same ones.
  const peak = peakCandidate(wideSimd ? 2 : 1);
  const whole = modelCandidate(model);
  const candidates = [peak, ...kernels.map(({ candidate }) => candidate), whole];
  const speeds = new Map<Candidate, number[]>(candidates.map((each) => [each, []]));
  for (let round = quick ? 0 : -2; round < (quick ? 1 : ROUNDS); round++) {
    for (const each of candidates) {
      const speed = await measure(each, quick ? 0 : SECONDS);
      if (round >= 0) speeds.get(each)!.push(speed);
    }
  }
  const peaks = speeds.get(peak)!;
  console.log(`  ${peak.name.padEnd(52)} ${gigaflops(median(peaks))}`);
  for (const { candidate } of kernels) {
    const own = speeds.get(candidate)!;
    console.log(`  ${candidate.name.padEnd(52)} ${gigaflops(median(own))}  ${share(own, peaks)} of the peak`);
  }
  // The time that the model's linear layers would take at the kernel's own speed, by their share of the operations.
  const linear = peaks.map((_, round) => {
    const parts = kernels.map(({ candidate, weight }) => weight / speeds.get(candidate)![round]!);
    return 1 / parts.reduce((sum, part) => sum + part, 0);
  });
  const own = speeds.get(whole)!;
  console.log(
    `  ${whole.name.padEnd(52)} ${gigaflops(median(own))}  ${share(own, linear)} of the linear kernel`,
  );
  for (const { kernel } of kernels) kernel.release();
  await model.dispose();
}

/** The three linear layers at 256 rows, and the share of a layer's operations that each of them has. */
function linearKernels(backend: Backend): { kernel: PreparedKernel; candidate: Candidate; weight: number }[] {
  const { hidden, intermediate } = SHAPE;
  const total = 4 * hidden + 2 * intermediate;
  const weights: readonly (readonly [string, number])[] = [
    ["query, key, value, output: 256", (4 * hidden) / total],
    ["feed-forward up: 256", intermediate / total],
    ["feed-forward down: 256", intermediate / total],
  ];
  return weights.map(([part, weight]) => {
    const bench = KERNEL_BENCHES.find(
      ({ kernel, shape }) => kernel === "linear" && shape.startsWith("MiniLM-L6") && shape.includes(part),
    )!;
    const kernel = bench.prepare(backend);
    const candidate = { name: `linear, ${bench.shape}`, operations: bench.work.amount, run: kernel.run };
    return { kernel, candidate, weight };
  });
}

/** Multiply-adds on registers alone: as many independent sums as hide the latency. */
function peakCandidate(factor: number): Candidate {
  const SUMS = 12;
  const UNROLL = 4;
  const ITERATIONS = 100_000;
  const module = new ModuleBuilder("peak");
  const run = module.function("run", { parameters: { rounds: "i32" }, results: ["f32"] }, (f, { rounds }) => {
    const sums = f.locals("v128", "sum", SUMS);
    const a = f.let("a", f32x4.splat(0.999));
    const b = f.let("b", f32x4.splat(0.001));
    for (const sum of sums) sum.set(f32x4.splat(1));
    f.doWhile(() => {
      for (let step = 0; step < UNROLL; step++) {
        for (const sum of sums) sum.set(f32x4.relaxed_madd(sum, a, b));
      }
      rounds.set(i32.sub(rounds, 1));
    }, rounds);
    const total = sums.slice(1).reduce((whole, sum) => f.let("total", f32x4.add(whole, sum)), sums[0]!);
    f.push(f32x4.extract_lane(total, 0));
  });
  module.export("run", run);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build().bytes));
  const call = exports.run as (rounds: number) => number;
  return {
    name:
      factor === 1
        ? "peak of 128-bit multiply-adds"
        : "peak of 256-bit multiply-adds, twice that of 128 bits",
    operations: factor * ITERATIONS * UNROLL * SUMS * 4 * 2,
    run: () => call(ITERATIONS),
  };
}

function modelCandidate(model: SentenceTransformer): Candidate {
  const special = model.tokenizer.addedTokens();
  const texts = LENGTHS.map((length) => new Array(length - special).fill("a").join(" "));
  return {
    name: `whole model, ${texts.length} texts of ${LENGTHS[0]} to ${LENGTHS.at(-1)} tokens`,
    operations: LENGTHS.reduce((sum, length) => sum + operations(SHAPE, length), 0),
    run: () => model.encode(texts),
  };
}

/** Operations per second, at best of the calls that fit into the time. */
async function measure({ operations, run }: Candidate, seconds: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  const begun = performance.now();
  do {
    const started = performance.now();
    await run();
    best = Math.min(best, (performance.now() - started) / 1000);
  } while (performance.now() - begun < 1000 * seconds);
  return operations / best;
}

function share(speeds: readonly number[], of: readonly number[]): string {
  const shares = speeds.map((speed, round) => (100 * speed) / of[round]!).toSorted((a, b) => a - b);
  return `${median(shares).toFixed(0)} % (${shares[0]!.toFixed(0)} – ${shares.at(-1)!.toFixed(0)} %)`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function gigaflops(operationsPerSecond: number): string {
  return `${(operationsPerSecond / 1e9).toFixed(1).padStart(6)} GFLOP/s`;
}
