import { FormatError } from "../../errors.ts";
import type { Model } from "../component.ts";
import type { IdBuffer } from "../fast/id-buffer.ts";
import { FIRST_HASH, nextHash, type TokenTable } from "../fast/token-table.ts";
import type { Token } from "../token.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface WordPieceOptions {
  readonly vocabulary: Vocabulary;
  readonly unkToken: string;
  /** What pieces that do not begin a word begin with, as in ##ing. */
  readonly continuingSubwordPrefix: string;
  /** In code points. Longer words are unknown. */
  readonly maxInputCharsPerWord: number;
}

/**
 * Takes the longest piece that the vocabulary has, again and again; a word that cannot be cut up like this
 * is unknown as a whole (tokenizers/src/models/wordpiece/mod.rs).
 */
export class WordPiece implements Model {
  readonly type = "WordPiece";
  readonly maxInputCharsPerWord: number;
  readonly #vocabulary: Vocabulary;
  readonly #unkToken: string;

  /** All tokens, as the first piece of a word. */
  readonly first: TokenTable;
  readonly #prefix: Uint16Array;
  readonly #prefixHash: number;
  readonly #hashes: Int32Array;
  #units = new Uint16Array(128);

  constructor({ vocabulary, unkToken, continuingSubwordPrefix, maxInputCharsPerWord }: WordPieceOptions) {
    this.#vocabulary = vocabulary;
    this.#unkToken = unkToken;
    this.maxInputCharsPerWord = maxInputCharsPerWord;
    this.first = vocabulary.table;
    this.#prefix = Uint16Array.from({ length: continuingSubwordPrefix.length }, (_, i) =>
      continuingSubwordPrefix.charCodeAt(i),
    );
    this.#prefixHash = this.#prefix.reduce(nextHash, FIRST_HASH);
    this.#hashes = new Int32Array(this.first.longest);
  }

  get vocabSize(): number {
    return this.#vocabulary.size;
  }

  tokenToId(token: string): number | undefined {
    return this.#vocabulary.id(token);
  }

  idToToken(id: number): string | undefined {
    return this.#vocabulary.token(id);
  }

  /** @throws FormatError where there is none in the vocabulary. */
  get unkId(): number {
    const id = this.#vocabulary.id(this.#unkToken);
    if (id === undefined) {
      throw new FormatError(
        `the text contains an unknown word, but the vocabulary has no unknown token "${this.#unkToken}"`,
        { code: "no-unknown-token" },
      );
    }
    return id;
  }

  tokenize(word: string): readonly Token[] {
    const length = word.length;
    if (this.#units.length < length) this.#units = new Uint16Array(length * 2);
    let codePoints = 0;
    for (let i = 0; i < length; i++) {
      const unit = word.charCodeAt(i);
      this.#units[i] = unit;
      if (unit < 0xdc00 || unit > 0xdfff) codePoints++;
    }
    const ids: number[] = [];
    const ends: number[] = [];
    if (codePoints > this.maxInputCharsPerWord || !this.cut(this.#units, length, ids, ends)) {
      return [{ id: this.unkId, value: this.#unkToken, start: 0, end: length }];
    }
    return ids.map((id, i) => ({
      id,
      value: this.#vocabulary.token(id)!,
      start: i === 0 ? 0 : ends[i - 1]!,
      end: ends[i]!,
    }));
  }

  appendIds(word: string, out: IdBuffer): void {
    for (const { id } of this.tokenize(word)) out.push(id);
  }

  /**
   * Cuts the word in units[0, length) into pieces: appends their ids and ends. Says whether it could; where
   * it could not, the arrays hold what it found until then.
   */
  cut(units: Uint16Array, length: number, ids: number[], ends: number[]): boolean {
    const hashes = this.#hashes;
    const table = this.first;
    const prefix = this.#prefix;
    for (let start = 0; start < length; ) {
      const begins = start === 0;
      const longest = Math.min(length - start, begins ? table.longest : table.longest - prefix.length);
      let hash = begins ? FIRST_HASH : this.#prefixHash;
      for (let k = 0; k < longest; k++) {
        hash = nextHash(hash, units[start + k]!);
        hashes[k] = hash;
      }
      let size = longest;
      let id = -1;
      for (; size > 0; size--) {
        const end = start + size;
        id = begins
          ? table.find(units, start, end, hashes[size - 1]!)
          : table.findPrefixed(prefix, units, start, end, hashes[size - 1]!);
        if (id >= 0) break;
      }
      if (id < 0) return false;
      start += size;
      ids.push(id);
      ends.push(start);
    }
    return true;
  }
}
