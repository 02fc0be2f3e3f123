/** Finds allowed and preferred split points in a tokenized text. */

/** A tokenized text; each array has one element per token. */
export interface TokenizedWords {
  /** [start, end) in UTF-16 units. */
  readonly offsets: readonly (readonly [start: number, end: number])[];
  /** The number of the word that each token is part of. */
  readonly wordIds: readonly (number | null)[];
}

/** How good a place is, the best first. Not a place at all: NONE. */
const BETWEEN_BLANKS = 3;
const BETWEEN_WORDS = 2;
const BETWEEN_CHARACTERS = 1;
const BETWEEN_TOKENS = 0;
const NONE = -1;

export class CutPositions {
  readonly #text: string;
  /** By token: where it begins; never before the one in front of it. */
  readonly #starts: Int32Array;
  /** By position: whether it lies inside a token. */
  readonly #inside: Uint8Array;
  /** By position: whether a word begins there. */
  readonly #wordStart: Uint8Array;

  constructor(text: string, { offsets, wordIds }: TokenizedWords) {
    this.#text = text;
    this.#starts = new Int32Array(offsets.length);
    this.#inside = new Uint8Array(text.length + 1);
    this.#wordStart = new Uint8Array(text.length + 1);
    let last = 0;
    for (const [token, [start, end]] of offsets.entries()) {
      last = Math.max(last, start);
      this.#starts[token] = last;
      if (end > start + 1) this.#inside.fill(1, start + 1, end);
      if (token === 0 || wordIds[token] !== wordIds[token - 1]) this.#wordStart[start] = 1;
    }
  }

  /** How many tokens begin before `position`. */
  tokensBefore(position: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * The end of a piece from `start` on with at most `tokens` tokens, the first of which is `first`: the last place
   * of the best kind that leaves it at least half as long as it could be. null: there is none.
   */
  lastCut(start: number, first: number, tokens: number): number | null {
    const furthest = this.#startOf(first + tokens);
    const half = this.#startOf(first + (tokens >> 1));
    let best: number | null = null;
    let bestRank = NONE;
    for (let position = furthest; position > start; position--) {
      if (position < half && bestRank > NONE) break;
      const rank = this.#rank(position);
      if (rank <= bestRank) continue;
      best = position;
      bestRank = rank;
      if (rank === BETWEEN_BLANKS) break;
    }
    return best;
  }

  /** The first place of the best kind after `start` with at most `tokens` tokens between it and `end`; `end`, where there is none. */
  firstCut(start: number, end: number, tokens: number): number {
    const token = Math.max(0, this.tokensBefore(end) - tokens);
    const position = this.#startOf(token);
    // Several tokens may begin with one character, of which not all may be shared.
    const earliest = Math.max(start + 1, this.tokensBefore(position) < token ? position + 1 : position);
    let best = end;
    let bestRank = NONE;
    for (let cut = earliest; cut < end && bestRank < BETWEEN_BLANKS; cut++) {
      const rank = this.#rank(cut);
      if (rank <= bestRank) continue;
      best = cut;
      bestRank = rank;
    }
    return best;
  }

  /** The first place after `start`, of whatever kind. */
  firstCutAfter(start: number): number {
    let position = start + 1;
    while (position < this.#text.length && this.#rank(position) === NONE) position++;
    return position;
  }

  #startOf(token: number): number {
    return token < this.#starts.length ? this.#starts[token]! : this.#text.length;
  }

  #rank(position: number): number {
    const text = this.#text;
    if (position === text.length) return BETWEEN_BLANKS;
    if (this.#inside[position] === 1 || splitsSurrogates(text, position)) return NONE;
    if (joinsBefore(text, position)) return BETWEEN_TOKENS;
    if (isBlank(text, position - 1) || isBlank(text, position)) return BETWEEN_BLANKS;
    return this.#wordStart[position] === 1 ? BETWEEN_WORDS : BETWEEN_CHARACTERS;
  }
}

function splitsSurrogates(text: string, position: number): boolean {
  const before = text.charCodeAt(position - 1);
  const after = text.charCodeAt(position);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}

/** Whether what stands at `position` belongs to the character before it. */
function joinsBefore(text: string, position: number): boolean {
  const before = text.charCodeAt(position - 1);
  const after = text.codePointAt(position)!;
  if (before === 0x0d && after === 0x0a) return true;
  if (before === 0x200d || after === 0x200d) return true; // zero width joiner
  if (after < 0x300) return false;
  return (after >= 0x1f3fb && after <= 0x1f3ff) || /^\p{M}/u.test(String.fromCodePoint(after)); // skin tones, marks
}

function isBlank(text: string, position: number): boolean {
  const code = text.charCodeAt(position);
  return code === 0x20 || (code >= 0x09 && code <= 0x0d) || (code > 0x7f && /\s/.test(text[position]!));
}
