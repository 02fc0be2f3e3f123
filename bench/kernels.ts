/** Verifies every kernel against the reference, then says how fast it is. */

import { createReferenceBackend } from "../src/tensor/backend/js/js-backend.ts";
import type { Backend } from "../src/tensor/backend.ts";
import type { BackendName } from "../src/tensor/placement.ts";
import { readElements } from "../src/tensor/read.ts";
import { selectBackend } from "../src/tensor/select.ts";
import { assertWithin } from "../test/tensor/backend/conformance/memory.ts";
import { KERNEL_BENCHES, type KernelBench, type PreparedKernel, type Work } from "./kernel-benches.ts";
import { type Measurement, measure } from "./measure.ts";

export interface KernelBenchOptions {
  readonly backends: readonly BackendName[];
  /** Parts of "kernel shape": only what contains all of them is measured. */
  readonly filters: readonly string[];
  /** Only verifies. */
  readonly quick: boolean;
}

/** For each kernel and shape, unless five calls take longer. */
const SECONDS = 0.4;

export async function benchKernels({ backends, filters, quick }: KernelBenchOptions): Promise<void> {
  const selected = KERNEL_BENCHES.filter(({ kernel, shape }) =>
    filters.every((filter) => `${kernel} ${shape}`.toLowerCase().includes(filter.toLowerCase())),
  );
  if (selected.length === 0) throw new Error(`no kernel contains ${filters.join(" and ")}`);

  for (const name of backends) {
    const backend = await selectBackend({ backend: name, threads: 1 });
    console.log(`\nkernels, ${backend.description}`);
    const prepared = selected.map((bench) => ({ bench, kernel: bench.prepare(backend) }));
    for (const { bench, kernel } of prepared) await verify(backend, bench, kernel);
    console.log("  all kernels agree with the reference");
    for (const { bench, kernel } of prepared) {
      if (!quick) console.log(line(bench, await time(backend, kernel)));
      kernel.release();
    }
    backend.dispose();
  }
}

async function verify(backend: Backend, bench: KernelBench, kernel: PreparedKernel): Promise<void> {
  backend.write(kernel.out, new Float32Array(kernel.outLength).fill(Number.NaN), 0);
  kernel.run();
  const { start, values, bounds } = await kernel.expected(createReferenceBackend());
  const actual = await readElements(backend, kernel.out, start, start + values.length);
  assertWithin(actual, values, bounds, `${backend.name}, ${bench.kernel} ${bench.shape}`);
}

/** Backends that only enqueue are waited for, by reading one element. */
function time(backend: Backend, kernel: PreparedKernel): Promise<Measurement> {
  if (backend.readSync !== null) return measure(kernel.run, SECONDS);
  return measure(async () => {
    kernel.run();
    await readElements(backend, kernel.out, 0, 1);
  }, SECONDS);
}

function line({ kernel, shape, work }: KernelBench, measurement: Measurement): string {
  const { median, lowerQuartile, upperQuartile, best, samples } = measurement;
  const spread = (100 * (upperQuartile - lowerQuartile)) / (2 * median);
  return [
    `  ${kernel.padEnd(14)}${shape.padEnd(64)}`,
    `${speed(work, median).padStart(13)} ±${spread.toFixed(0).padStart(2)} %`,
    `best ${speed(work, best).padStart(13)}`,
    `${duration(median).padStart(9)}  (${samples} samples)`,
  ].join("  ");
}

function speed({ amount, unit }: Work, seconds: number): string {
  return `${(amount / seconds / 1e9).toFixed(2)} ${unit === "FLOP" ? "GFLOP/s" : "GB/s"}`;
}

function duration(seconds: number): string {
  return seconds < 1e-3 ? `${(seconds * 1e6).toFixed(1)} µs` : `${(seconds * 1e3).toFixed(2)} ms`;
}
