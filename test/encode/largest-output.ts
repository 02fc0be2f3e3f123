/** A kind of result of one's own, as CONTRIBUTING.md says how. */
import { ListMerger } from "../../src/encode/mergers.ts";
import type { WorkerOutput } from "../../src/encode/output.ts";
import type { RunSettings } from "../../src/encode/pipeline.ts";

export interface LargestJob extends RunSettings {
  readonly count: number;
}

/** Per text the indices of the largest values of its vector. */
export const largest: WorkerOutput<Int32Array[], LargestJob> = {
  workerOutput: "largest",
  createCollector: (count, job) => {
    const results = new Array<Int32Array>(count);
    return {
      async add({ indices }, features) {
        const tensor = features.get("sentence_embedding");
        const width = tensor.shape[1]!;
        const data = (await tensor.read()) as Float32Array;
        for (const [i, index] of indices.entries()) {
          results[index] = indicesOfLargest(data.subarray(i * width, (i + 1) * width), job.count);
        }
      },
      finish: () => results,
    };
  },
  createMerger: (count) =>
    new ListMerger(
      count,
      (packed: Int32Array) => packed,
      () => false,
    ),
  pack: (result) => ({ result, transfer: [] }),
};

export function indicesOfLargest(vector: Float32Array, count: number): Int32Array {
  return Int32Array.from([...vector.keys()].sort((a, b) => vector[b]! - vector[a]!).slice(0, count));
}
