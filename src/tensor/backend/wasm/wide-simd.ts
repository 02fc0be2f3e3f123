/**
 * Matrix products of 256 bits, by a pass of V8's optimizing compiler that is off by default because it is
 * experimental. It is on for those functions alone while they are optimized: in Node 24 it ends the process at a
 * division (2026-11). The result is compared with the ordinary kernels bit by bit, and timed against them.
 */

import { UnsupportedError } from "../../../errors.ts";
import { nodeVersion } from "../../../runtime/environment.ts";
import type { EngineFeatures } from "./features.ts";
import { assembleKernels } from "./kernels/module.ts";
import type { Tile } from "./kernels/tile.ts";
import { chooseTile, WIDE_TILE } from "./tiles.ts";
import { TrialRun } from "./trial-run.ts";

/** Older ones know the pass, without effect (2026-11: Node 22). */
const LEAST_NODE = 24;

/** Functions are optimized as soon as they have run often enough, while everybody waits. */
const OPTIMIZE_AT_ONCE = "wasm-sync-tier-up";

/** Pairs of 128-bit operations become one of 256 bits. */
const FUSE_PAIRS = "experimental-wasm-revectorize";

/** How much faster than the ordinary ones the wide kernels must be; 1.9 where the pass works. */
const LEAST_GAIN = 1.2;

/** @throws UnsupportedError that says why there are none */
export async function compileWideKernels(features: EngineFeatures): Promise<WebAssembly.Module> {
  if (nodeVersion() < LEAST_NODE) {
    throw new UnsupportedError(`wideSimd: expected Node ${LEAST_NODE} or newer`, {
      code: "wide-simd-unavailable",
      subject: "wideSimd",
    });
  }
  if (features.relaxedMultiplyAdd !== "fused" || !features.sharedMemory) {
    throw new UnsupportedError("wideSimd: this runtime lacks a fused multiply-add or shared memory", {
      code: "wide-simd-unavailable",
      subject: "wideSimd",
    });
  }

  const { withV8Flags } = await import("./wide-simd-node.ts");
  const start = (tile: Tile, flags: readonly string[]): { module: WebAssembly.Module; trial: TrialRun } =>
    withV8Flags(flags, () => {
      const module = new WebAssembly.Module(assembleKernels({ tile, relaxed: true, sharedMemory: true }));
      const trial = new TrialRun(module, tile);
      trial.warmUpProducts();
      return { module, trial };
    });
  const wide = start(WIDE_TILE, [FUSE_PAIRS, OPTIMIZE_AT_ONCE]);
  const ordinary = start(chooseTile(features), [OPTIMIZE_AT_ONCE]);

  const expected = ordinary.trial.results();
  if (wide.trial.results().some((value, i) => !Object.is(value, expected[i]))) {
    throw new UnsupportedError("wideSimd: this version of V8 miscompiles the wide kernels", {
      code: "wide-simd-unavailable",
      subject: "wideSimd",
    });
  }
  const gain = ordinary.trial.productSeconds() / wide.trial.productSeconds();
  if (gain < LEAST_GAIN) {
    throw new UnsupportedError(`wideSimd: no gain here (${gain.toFixed(2)} times the ordinary speed)`, {
      code: "wide-simd-unavailable",
      subject: "wideSimd",
    });
  }
  return wide.module;
}
