import { ArgumentError } from "../errors.ts";

/** One token on its way into an {@link Encoding}. */
export interface EncodedToken {
  readonly id: number;
  readonly token: string;
  readonly offsets: [number, number];
  readonly wordId: number | null;
  readonly typeId: number;
  readonly special: boolean;
}

/** What fills an encoding up to a length. */
export interface PadToken {
  readonly id: number;
  readonly typeId: number;
  readonly token: string;
}

export type Side = "left" | "right";

/** A tokenized text, or pair of texts: all arrays have one element a token. */
export class Encoding {
  readonly inputIds: number[] = [];
  readonly tokens: string[] = [];
  /** Where the token stands in its text: [start, end) in UTF-16 units. [0, 0] for tokens that were added. */
  readonly offsets: [number, number][] = [];
  /** 1 for tokens, 0 for padding. */
  readonly attentionMask: number[] = [];
  /** Which segment of a pair the token belongs to, as the model counts segments. */
  readonly tokenTypeIds: number[] = [];
  /** 1 for tokens that were added around the text, and for padding. */
  readonly specialTokensMask: number[] = [];
  /** The number of the word that the token is part of, null for tokens that were added. */
  readonly wordIds: (number | null)[] = [];
  /** The parts that truncation cut off, each as long as the rest allows. */
  overflowing: Encoding[] = [];

  /** sequence number → [start, end) of its tokens, where known. */
  readonly #ranges = new Map<number, readonly [number, number]>();

  get length(): number {
    return this.inputIds.length;
  }

  /** Which text of a pair the token comes from, null for tokens that were added. */
  get sequenceIds(): (number | null)[] {
    const ids = new Array<number | null>(this.length).fill(null);
    for (let sequence = 0; sequence < Math.max(1, this.#ranges.size); sequence++) {
      const [start, end] = this.#ranges.get(sequence) ?? [0, this.length];
      ids.fill(sequence, start, end);
    }
    return ids;
  }

  push({ id, token, offsets, wordId, typeId, special }: EncodedToken): void {
    this.inputIds.push(id);
    this.tokens.push(token);
    this.offsets.push(offsets);
    this.attentionMask.push(1);
    this.tokenTypeIds.push(typeId);
    this.specialTokensMask.push(special ? 1 : 0);
    this.wordIds.push(wordId);
  }

  /** Says that all tokens so far come from one text of a pair, 0 or 1. */
  setSequence(sequence: number): void {
    this.#ranges.set(sequence, [0, this.length]);
  }

  setTypeIds(typeId: number): void {
    this.tokenTypeIds.fill(typeId);
  }

  /** The tokens [start, end), without overflowing parts. */
  slice(start: number, end: number): Encoding {
    const part = new Encoding();
    part.#append(this, start, end);
    return part;
  }

  clone(): Encoding {
    const copy = this.slice(0, this.length);
    for (const [sequence, range] of this.#ranges) copy.#ranges.set(sequence, range);
    copy.overflowing = this.overflowing.map((part) => part.clone());
    return copy;
  }

  #append(other: Encoding, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      this.inputIds.push(other.inputIds[i]!);
      this.tokens.push(other.tokens[i]!);
      const [from, to] = other.offsets[i]!;
      this.offsets.push([from, to]);
      this.attentionMask.push(other.attentionMask[i]!);
      this.tokenTypeIds.push(other.tokenTypeIds[i]!);
      this.specialTokensMask.push(other.specialTokensMask[i]!);
      this.wordIds.push(other.wordIds[i]!);
    }
  }

  /**
   * Cuts down to `maxLength` tokens; what is cut off becomes {@link overflowing}, in parts of at most
   * `maxLength` that share `stride` tokens with their neighbour.
   * @throws ArgumentError where stride does not leave room to advance.
   */
  truncate(maxLength: number, stride: number, side: Side): void {
    const length = this.length;
    if (maxLength >= length) return;
    if (maxLength === 0) {
      const all = this.clone();
      this.#replaceBy([new Encoding(), all]);
      return;
    }
    if (stride >= maxLength) {
      throw new ArgumentError(
        `stride: expected less than the ${maxLength} tokens that are left for the text, got ${stride}`,
        { code: "stride-too-large", subject: "stride" },
      );
    }
    const parts: Encoding[] = [];
    const step = maxLength - stride;
    if (side === "right") {
      for (let start = 0; ; start += step) {
        const stop = Math.min(start + maxLength, length);
        parts.push(this.slice(start, stop));
        if (stop === length) break;
      }
    } else {
      for (let stop = length; ; stop -= step) {
        const start = Math.max(stop - maxLength, 0);
        parts.push(this.slice(start, stop));
        if (start === 0) break;
      }
    }
    this.#replaceBy(parts);
  }

  #replaceBy([first, ...overflowing]: readonly Encoding[]): void {
    this.#ranges.clear(); // the reference forgets them too
    for (const array of this.#arrays()) array.length = 0;
    this.#append(first!, 0, first!.length);
    this.overflowing = overflowing;
  }

  #arrays(): unknown[][] {
    return [
      this.inputIds,
      this.tokens,
      this.offsets,
      this.attentionMask,
      this.tokenTypeIds,
      this.specialTokensMask,
      this.wordIds,
    ];
  }

  /** Appends another encoding; every overflowing part of either is combined with every part of the other. */
  merge(other: Encoding): void {
    const overflowing: Encoding[] = [];
    for (const part of this.overflowing) {
      for (const end of [other, ...other.overflowing]) {
        const combined = part.clone();
        combined.merge(end);
        overflowing.push(combined);
      }
    }
    for (const end of other.overflowing) {
      const combined = this.clone();
      combined.merge(end);
      overflowing.push(combined);
    }
    const length = this.length;
    for (const [sequence, [start, end]] of other.#ranges) {
      this.#ranges.set(sequence, [length + start, length + end]);
    }
    this.#append(other, 0, other.length);
    this.overflowing = overflowing;
  }

  /** Fills up to `length` tokens, the overflowing parts too. */
  pad(length: number, { id, typeId, token }: PadToken, side: Side): void {
    for (const part of this.overflowing) part.pad(length, { id, typeId, token }, side);
    const missing = length - this.length;
    if (missing <= 0) return;
    const fill = <T>(array: T[], value: () => T) => {
      const length = array.length;
      for (let i = 0; i < missing; i++) array.push(value());
      if (side === "left") {
        array.copyWithin(missing, 0, length);
        for (let i = 0; i < missing; i++) array[i] = value();
      }
    };
    fill(this.inputIds, () => id);
    fill(this.tokens, () => token);
    fill(this.offsets, () => [0, 0]);
    fill(this.attentionMask, () => 0);
    fill(this.tokenTypeIds, () => typeId);
    fill(this.specialTokensMask, () => 1);
    fill(this.wordIds, () => null);
    if (side === "left") {
      for (const [sequence, [start, end]] of this.#ranges) {
        this.#ranges.set(sequence, [start + missing, end + missing]);
      }
    }
  }
}
