import { ArgumentError } from "../errors.ts";
import type { Encoding, Side } from "./encoding.ts";

/** Which text of a pair gives up tokens. */
export type TruncationStrategy = "longest_first" | "only_first" | "only_second";

export interface Truncation {
  /** In tokens, special tokens included. */
  readonly maxLength: number;
  readonly strategy: TruncationStrategy;
  /** How many tokens neighbouring overflowing parts share. */
  readonly stride: number;
  /** Which end is cut off. */
  readonly side: Side;
}

/** How many tokens each text of a pair keeps under "longest_first". */
export function longestFirst(
  first: number,
  second: number,
  maxLength: number,
): readonly [first: number, second: number] {
  if (first + second <= maxLength) return [first, second];
  const shorter = Math.min(first, second);
  // Either only the longer text gives up tokens, or both end at half the room (the longer gets the odd one).
  let [less, more] = [shorter, maxLength - shorter];
  if (more < less) {
    less = Math.floor(maxLength / 2);
    more = less + (maxLength % 2);
  }
  return first > second ? [more, less] : [less, more];
}

/**
 * Cuts one encoding or a pair down to `maxLength` tokens in total (tokenizers/src/utils/truncation.rs).
 * @throws ArgumentError where the strategy cannot reach that length.
 */
export function truncate(
  first: Encoding,
  second: Encoding | null,
  { maxLength, strategy, stride, side }: Truncation,
): void {
  const total = first.length + (second?.length ?? 0);
  if (maxLength === 0) {
    first.truncate(0, stride, side);
    second?.truncate(0, stride, side);
    return;
  }
  if (total <= maxLength) return;

  if (strategy === "longest_first") {
    if (second === null) {
      first.truncate(maxLength, stride, side);
      return;
    }
    const [firstKept, secondKept] = longestFirst(first.length, second.length, maxLength);
    first.truncate(firstKept, stride, side);
    second.truncate(secondKept, stride, side);
    return;
  }

  const target = strategy === "only_first" ? first : second;
  if (target === null) {
    throw new ArgumentError('truncation: expected a pair of texts with "only_second", got one text', {
      code: "truncation-impossible",
      subject: "truncation",
    });
  }
  const excess = total - maxLength;
  if (target.length <= excess) {
    throw new ArgumentError(
      `truncation: with "${strategy}", expected a text of more than the ${excess} tokens that are over the limit, got one of ${target.length}`,
      { code: "truncation-impossible", subject: "truncation" },
    );
  }
  target.truncate(target.length - excess, stride, side);
}
