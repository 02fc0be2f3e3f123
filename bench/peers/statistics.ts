/** Numbers of several rounds, made one. */

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Of at least one number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Values by round; undefined where the round was not measured. */
export type Rounds = readonly (number | undefined)[];

/** The ratios a / b of the rounds in which both were measured; null where there is none. */
export function pairwiseRatios(a: Rounds, b: Rounds): Spread | null {
  const ratios = a.flatMap((value, round) => {
    const other = b[round];
    return value === undefined || other === undefined ? [] : [value / other];
  });
  if (ratios.length === 0) return null;
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}

/** The median of the rounds that were measured; null where there is none. */
export function medianOfRounds(rounds: Rounds): number | null {
  const values = rounds.filter((value) => value !== undefined);
  return values.length === 0 ? null : median(values);
}
