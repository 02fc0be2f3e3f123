/**
 * The part of a matrix product that is held in registers: `rows` rows of one operand with a panel of the
 * other, 4 · `vectors` columns wide.
 */
export interface Tile {
  /** As kernels and descriptions show it: rows x columns. */
  readonly name: string;
  readonly rows: number;
  readonly vectors: number;
  /** Steps of depth in one round of the loop. */
  readonly unroll: number;
  /** How rows are addressed: by a pointer each that moves, or by a fixed pointer and one index for all. */
  readonly rowsBy: "pointer" | "index";
}

/** Columns of a panel. */
export function panelWidth({ vectors }: Tile): number {
  return 4 * vectors;
}

/**
 * Depth that is summed in one go; the sums of such blocks are then added. Fewer digits are lost than in PyTorch's
 * float32, which adds blocks of 192 (2.1e-7 against 2.5e-7 of the result's size at any depth from 384 to 4096; with
 * blocks of 384, 3.5e-7), at 2 % of the speed.
 */
export const BLOCK_DEPTH = 128;
