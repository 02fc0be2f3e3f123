import { FormatError } from "../../errors.ts";
import { pushBytes } from "../byte-level.ts";
import type { Model } from "../component.ts";
import type { IdBuffer } from "../fast/id-buffer.ts";
import { FIRST_HASH, nextHash } from "../fast/token-table.ts";
import type { Token } from "../token.ts";
import { Vocabulary } from "./vocabulary.ts";

export interface UnigramOptions {
  /** By id. */
  readonly tokens: readonly string[];
  /** Logarithms of probabilities, by id. */
  readonly scores: Float64Array;
  /** null: a character that no token covers is an error. */
  readonly unkId: number | null;
  /** Whether an unknown piece becomes its bytes, if the vocabulary has a token for each. */
  readonly byteFallback: boolean;
}

/** What an unknown character costs more than the least likely token. */
const UNKNOWN_PENALTY = 10;

/** Two of them mark a prefix and a token; the rest keeps most marks apart. */
const BITS_PER_PREFIX = 8;

/**
 * The most likely way to cut a word into tokens (tokenizers/src/models/unigram/model.rs): Viterbi's
 * algorithm in f64, in which a later candidate wins only if it is better; neighbouring unknown characters
 * become one token.
 */
export class Unigram implements Model {
  readonly type = "Unigram";
  readonly #vocabulary: Vocabulary;
  readonly #scores: Float64Array;
  readonly #unkId: number | null;
  readonly #unkScore: number;
  readonly #byteFallback: boolean;
  /**
   * Two bits for each hash: whether a token begins with that, and whether it is a token. They lie side by side,
   * and spare most looks into the table; where a bit is set by chance, the table knows better.
   */
  #prefixes: Uint32Array | null = null;
  readonly #tokens: readonly string[];

  // Of the word in work: its units, and for every place where a token may end the best way to get there.
  #units = new Uint16Array(256);
  #best = new Float64Array(257);
  #from = new Int32Array(257); // -1 where no way leads
  #ids = new Int32Array(257);

  /** @throws FormatError where unkId is not in the vocabulary */
  constructor({ tokens, scores, unkId, byteFallback }: UnigramOptions) {
    if (unkId !== null && unkId >= tokens.length) {
      throw new FormatError(
        `unk_id: expected an id of the vocabulary of ${tokens.length} tokens, found ${unkId}`,
        { code: "invalid-value", subject: "unk_id" },
      );
    }
    this.#tokens = tokens;
    this.#vocabulary = Vocabulary.numbered(tokens);
    this.#scores = scores;
    this.#unkId = unkId;
    this.#byteFallback = byteFallback;
    let least = Number.POSITIVE_INFINITY;
    for (let id = 0; id < scores.length; id++) if (scores[id]! < least) least = scores[id]!;
    this.#unkScore = least - UNKNOWN_PENALTY;
  }

  get vocabSize(): number {
    return this.#tokens.length;
  }

  tokenToId(token: string): number | undefined {
    return this.#vocabulary.id(token);
  }

  idToToken(id: number): string | undefined {
    return this.#tokens[id];
  }

  tokenize(word: string): readonly Token[] {
    const tokens: Token[] = [];
    this.#pieces(word, (start, end, id) => {
      if (id >= 0) {
        tokens.push({ id, value: word.slice(start, end), start, end });
        return;
      }
      for (const byte of this.#bytesOf(word.slice(start, end))!) {
        tokens.push({ id: byte, value: this.#tokens[byte]!, start, end });
      }
    });
    return tokens;
  }

  appendIds(word: string, out: IdBuffer): void {
    this.#pieces(word, (start, end, id) => {
      if (id >= 0) out.push(id);
      else for (const byte of this.#bytesOf(word.slice(start, end))!) out.push(byte);
    });
  }

  /** Calls back for each piece of the best path; id -1 stands for the bytes of the piece. */
  #pieces(word: string, each: (start: number, end: number, id: number) => void): void {
    this.#findBestPath(word);
    const length = word.length;
    // The path is known from its end: the links are turned round on the way back.
    let end = length;
    let next = -1;
    while (end > 0) {
      const start = this.#from[end]!;
      this.#from[end] = next;
      next = end;
      end = start;
    }
    for (let start = 0; start < length; ) {
      let stop = next;
      let id = this.#ids[stop]!;
      next = this.#from[stop]!;
      if (id === this.#unkId) {
        while (next >= 0 && this.#ids[next] === this.#unkId) {
          stop = next;
          next = this.#from[stop]!;
        }
        id = this.#idOfUnknown(word.slice(start, stop));
      }
      each(start, stop, id);
      start = stop;
    }
  }

  /** The id of a piece that no token covers, -1 where its bytes do. */
  #idOfUnknown(piece: string): number {
    const known = this.#vocabulary.id(piece);
    if (known !== undefined) return known;
    if (this.#byteFallback && this.#bytesOf(piece) !== null) return -1;
    return this.#unkId!;
  }

  #bytesOf(piece: string): number[] | null {
    const bytes: number[] = [];
    for (const character of piece) pushBytes(character.codePointAt(0)!, bytes);
    const ids: number[] = [];
    for (const byte of bytes) {
      const id = this.#vocabulary.id(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
      if (id === undefined) return null;
      ids.push(id);
    }
    return ids;
  }

  #findBestPath(word: string): void {
    const length = word.length;
    this.#reserve(length);
    this.#prefixes ??= this.#vocabulary.table.prefixBits(BITS_PER_PREFIX);
    const prefixes = this.#prefixes;
    const prefixMask = prefixes.length * 16 - 1;
    const { table } = this.#vocabulary;
    const units = this.#units;
    const best = this.#best;
    const from = this.#from;
    const ids = this.#ids;
    const scores = this.#scores;
    for (let i = 0; i < length; i++) units[i] = word.charCodeAt(i);
    from.fill(-1, 0, length + 1);
    best[0] = 0;

    for (let start = 0; start < length; ) {
      const here = best[start]!;
      const isPair = units[start]! >= 0xd800 && units[start]! < 0xdc00 && start + 1 < length;
      const single = start + (isPair ? 2 : 1); // where the first character ends
      let hasSingle = false;
      let hash = FIRST_HASH;
      for (let end = start + 1; end <= length; end++) {
        hash = nextHash(hash, units[end - 1]!);
        const pair = (hash ^ (hash >>> 15)) & prefixMask;
        const bits = prefixes[pair >>> 4]! >>> ((pair & 15) * 2);
        if ((bits & 1) === 0) break;
        const id = (bits & 2) === 0 ? -1 : table.find(units, start, end, hash);
        if (id < 0) continue;
        const score = scores[id]! + here;
        if (from[end]! < 0 || score > best[end]!) {
          best[end] = score;
          from[end] = start;
          ids[end] = id;
        }
        if (end === single) hasSingle = true;
      }
      if (!hasSingle) {
        const score = this.#unkScore + here;
        if (from[single]! < 0 || score > best[single]!) {
          if (this.#unkId === null) {
            throw new FormatError(
              "the text contains an unknown character, but the vocabulary has no unknown token",
              { code: "no-unknown-token" },
            );
          }
          best[single] = score;
          from[single] = start;
          ids[single] = this.#unkId;
        }
      }
      start = single;
    }
  }

  #reserve(length: number): void {
    if (length < this.#units.length) return;
    const capacity = length * 2;
    this.#units = new Uint16Array(capacity);
    this.#best = new Float64Array(capacity + 1);
    this.#from = new Int32Array(capacity + 1);
    this.#ids = new Int32Array(capacity + 1);
  }
}
