import type { UnigramOptions } from "../../src/tokenizer/models/unigram.ts";
import type { Token } from "../../src/tokenizer/token.ts";

/** What an unknown character costs more than the least likely token. */
const UNKNOWN_PENALTY = 10;

interface Cut {
  readonly tokens: readonly Token[];
  /** Whether two ways to some place were equally likely. */
  readonly hasTie: boolean;
}

interface Way {
  readonly score: number;
  readonly from: number;
  readonly id: number;
}

/**
 * Unigram as tokenizers defines it (tokenizers 0.23, src/models/unigram/model.rs: `populate_nodes`, `encode_optimized`,
 * `tokenize`), by Viterbi's algorithm as in the textbook: for each place, all pieces that end there are looked up in
 * a map. Of equally likely ways the one whose last piece begins first is taken.
 *
 * @param word well-formed
 * @returns null where the word needs an unknown token and there is none
 */
export function naiveUnigram(word: string, options: UnigramOptions): Cut | null {
  const { tokens, scores, unkId, byteFallback } = options;
  const ids = new Map(tokens.map((token, id) => [token, id])); // of equal tokens the last counts
  const unknownScore = Math.min(...scores) - UNKNOWN_PENALTY;
  const characters = Array.from(word);
  const pieceOf = (start: number, end: number) => characters.slice(start, end).join("");
  let hasTie = false;

  const ways: Way[] = [{ score: 0, from: -1, id: -1 }];
  for (let end = 1; end <= characters.length; end++) {
    let best: Way | undefined;
    for (let from = 0; from < end; from++) {
      const known = ids.get(pieceOf(from, end));
      if (known === undefined && from < end - 1) continue; // only single characters may be unknown
      const score = ways[from]!.score + (known === undefined ? unknownScore : scores[known]!);
      if (score === best?.score) hasTie = true;
      if (best !== undefined && score <= best.score) continue;
      const id = known ?? unkId;
      if (id === null) return null;
      best = { score, from, id };
    }
    ways.push(best!);
  }

  // From the last piece to the first; neighbouring unknown pieces are one.
  const pieces: { start: number; readonly end: number; readonly id: number }[] = [];
  for (let end = characters.length; end > 0; end = ways[end]!.from) {
    const { from, id } = ways[end]!;
    const next = pieces[0];
    if (id === unkId && next?.id === unkId) next.start = from;
    else pieces.unshift({ start: from, end, id });
  }

  const cut = pieces.flatMap(({ start, end }) => {
    const value = pieceOf(start, end);
    const place = { start: pieceOf(0, start).length, end: pieceOf(0, end).length };
    const known = ids.get(value);
    if (known !== undefined) return [{ id: known, value, ...place }];
    const bytes = Array.from(new TextEncoder().encode(value), byteToken);
    if (byteFallback && bytes.every((byte) => ids.has(byte))) {
      return bytes.map((byte) => ({ id: ids.get(byte)!, value: byte, ...place }));
    }
    return [{ id: unkId!, value, ...place }];
  });
  return { tokens: cut, hasTie };
}

/** The token that stands for a byte. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}
