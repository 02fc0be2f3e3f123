/** One token of a word: the units [start, end) of the word's normalized text. */
export interface Token {
  readonly id: number;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}
