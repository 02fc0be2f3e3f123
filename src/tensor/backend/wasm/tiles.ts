import type { EngineFeatures } from "./features.ts";
import type { Tile } from "./kernels/tile.ts";

/**
 * 12 sums, 2 weights and a value: the 15 vectors that V8 leaves on x86-64. 99 % of the peak of 128-bit FMA in Node 24
 * and 26, 95 % in Deno, where unrolling spares checks of addresses (2026-11, EPYC Zen 4).
 */
export const TILE_6X8: Tile = {
  name: "6x8",
  rows: 6,
  vectors: 2,
  unroll: 4,
  rowsBy: "pointer",
};

/**
 * For engines that run out of registers sooner: 6x8 drops to half of this there. 91 % of the FMA peak in Node 22, 78 %
 * in Bun, 71 % in Node 20, which has no FMA (2026-11, EPYC Zen 4).
 */
export const TILE_2X16: Tile = {
  name: "2x16",
  rows: 2,
  vectors: 4,
  unroll: 1,
  rowsBy: "index",
};

/**
 * 24 sums in 12 registers of 256 bits: 98 % of that peak in Node 24 and 26, twice the speed of 6x8 (same machine). Only
 * where V8 really fuses pairs of vectors; elsewhere it spills and is slower than any other tile.
 */
export const WIDE_TILE: Tile = {
  name: "6x16 of 256 bits",
  rows: 6,
  vectors: 4,
  unroll: 2,
  rowsBy: "pointer",
};

export function chooseTile({ manyRegisters }: EngineFeatures): Tile {
  return manyRegisters ? TILE_6X8 : TILE_2X16;
}
