import { FormatError } from "../../errors.ts";
import { byteLength, pushBytes } from "../byte-level.ts";
import type { Model } from "../component.ts";
import type { IdBuffer } from "../fast/id-buffer.ts";
import { PairTable } from "../fast/pair-table.ts";
import type { Token } from "../token.ts";
import { BpeWord } from "./bpe-word.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface BpeOptions {
  readonly vocabulary: Vocabulary;
  /** First and second token, the most frequent pair first. */
  readonly merges: readonly (readonly [string, string])[];
  /** null: unknown characters are left out. */
  readonly unkToken: string | null;
  /** Prefix of word-internal symbols (`continuing_subword_prefix`). */
  readonly continuingSubwordPrefix: string | null;
  /** Suffix of the last symbol of a word (`end_of_word_suffix`). */
  readonly endOfWordSuffix: string | null;
  /** Whether neighbouring unknown characters become one token. */
  readonly fuseUnk: boolean;
  /** Whether an unknown character becomes its bytes, if the vocabulary has a token for each. */
  readonly byteFallback: boolean;
  /** Whether a word that is in the vocabulary is one token whatever the merges say. */
  readonly ignoreMerges: boolean;
}

/** Byte pair encoding without dropout (tokenizers/src/models/bpe/model.rs). */
export class BPE implements Model {
  readonly type = "BPE";
  readonly #options: BpeOptions;
  readonly #vocabulary: Vocabulary;
  readonly #merges: PairTable;
  readonly #word = new BpeWord();
  /** Ids of characters inside a word, where neither prefix nor suffix is added; -1 for unknown ones. */
  readonly #inner = new Int32Array(0x800).fill(-2);

  /** @throws FormatError where a merge names or makes a token that the vocabulary does not have */
  constructor(options: BpeOptions) {
    this.#options = options;
    this.#vocabulary = options.vocabulary;
    const { merges, vocabulary, continuingSubwordPrefix } = options;
    const prefixLength = continuingSubwordPrefix?.length ?? 0;
    const firsts = new Int32Array(merges.length);
    const seconds = new Int32Array(merges.length);
    const results = new Int32Array(merges.length);
    const id = (token: string, rank: number) => {
      const found = vocabulary.table.get(token);
      if (found < 0) {
        throw new FormatError(
          `merge ${rank}: the vocabulary lacks the token ${JSON.stringify(token.slice(0, 80))}`,
          { code: "missing-token", subject: token },
        );
      }
      return found;
    };
    for (const [rank, [first, second]] of merges.entries()) {
      firsts[rank] = id(first, rank);
      seconds[rank] = id(second, rank);
      results[rank] = id(first + second.slice(prefixLength), rank);
    }
    this.#merges = new PairTable(firsts, seconds, results);
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

  tokenize(word: string): readonly Token[] {
    if (word === "") return [];
    const whole = this.#options.ignoreMerges ? this.#vocabulary.id(word) : undefined;
    if (whole !== undefined) return [{ id: whole, value: word, start: 0, end: word.length }];
    this.#merge(word);
    const tokens: Token[] = [];
    const units = new ByteOffsets(word);
    let bytes = 0;
    this.#word.visit((id, length) => {
      const start = units.startOf(bytes);
      bytes += length;
      tokens.push({ id, value: this.#vocabulary.token(id)!, start, end: units.endOf(bytes) });
    });
    return tokens;
  }

  appendIds(word: string, out: IdBuffer): void {
    if (word === "") return;
    const whole = this.#options.ignoreMerges ? this.#vocabulary.table.get(word) : -1;
    if (whole >= 0) {
      out.push(whole);
      return;
    }
    this.#merge(word);
    this.#word.visit((id) => out.push(id));
  }

  #merge(text: string): void {
    const { unkToken, fuseUnk, byteFallback } = this.#options;
    const word = this.#word;
    word.clear();
    let unknown = 0; // bytes of unknown characters that wait to become a token
    for (let i = 0; i < text.length; ) {
      const codePoint = text.codePointAt(i)!;
      const end = i + (codePoint > 0xffff ? 2 : 1);
      const length = byteLength(codePoint);
      const isFirst = i === 0;
      const isLast = end === text.length;
      i = end;
      const id = this.#symbol(codePoint, isFirst, isLast);
      if (id >= 0) {
        if (unknown > 0) word.add(this.#unkId(), unknown);
        unknown = 0;
        word.add(id, length);
        continue;
      }
      // Unknown characters that wait stay behind the bytes of this one: so does the reference.
      if (byteFallback && this.#addBytes(this.#affixed(codePoint, isFirst, isLast))) continue;
      if (unkToken === null) continue;
      if (unknown > 0 && !fuseUnk) {
        word.add(this.#unkId(), unknown);
        unknown = 0;
      }
      this.#unkId();
      unknown += length;
    }
    if (unknown > 0) word.add(this.#unkId(), unknown);
    word.mergeAll(this.#merges);
  }

  #symbol(codePoint: number, isFirst: boolean, isLast: boolean): number {
    const { continuingSubwordPrefix, endOfWordSuffix } = this.#options;
    const plain = (isFirst || continuingSubwordPrefix === null) && (!isLast || endOfWordSuffix === null);
    if (!plain || codePoint >= this.#inner.length) {
      return this.#vocabulary.table.get(this.#affixed(codePoint, isFirst, isLast));
    }
    let id = this.#inner[codePoint]!;
    if (id === -2) {
      id = this.#vocabulary.table.get(String.fromCodePoint(codePoint));
      this.#inner[codePoint] = id;
    }
    return id;
  }

  #affixed(codePoint: number, isFirst: boolean, isLast: boolean): string {
    const prefix = isFirst ? "" : (this.#options.continuingSubwordPrefix ?? "");
    const suffix = isLast ? (this.#options.endOfWordSuffix ?? "") : "";
    return prefix + String.fromCodePoint(codePoint) + suffix;
  }

  #addBytes(symbol: string): boolean {
    const bytes: number[] = [];
    for (const character of symbol) pushBytes(character.codePointAt(0)!, bytes);
    const ids: number[] = [];
    for (const byte of bytes) {
      const id = this.#vocabulary.table.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
      if (id < 0) return false;
      ids.push(id);
    }
    for (const id of ids) this.#word.add(id, 1);
    return true;
  }

  #unkId(): number {
    const id = this.#vocabulary.table.get(this.#options.unkToken!);
    if (id < 0) {
      throw new FormatError(
        `the text contains an unknown character, but the vocabulary has no unknown token "${this.#options.unkToken}"`,
        { code: "no-unknown-token" },
      );
    }
    return id;
  }
}

/**
 * From places in the UTF-8 bytes of a word to its UTF-16 units. Places inside a character, which byte
 * fallback and characters that were left out lead to, mean the whole character.
 */
class ByteOffsets {
  readonly #word: string;
  #unit = 0; // where the character begins that the last question was about
  #byte = 0;

  constructor(word: string) {
    this.#word = word;
  }

  /** The unit where the character that holds this byte begins. */
  startOf(byte: number): number {
    this.#advance(byte);
    return this.#unit;
  }

  /** The unit where the character that holds the byte before this one ends. */
  endOf(byte: number): number {
    if (byte === 0) return 0;
    this.#advance(byte - 1);
    if (this.#unit >= this.#word.length) return this.#word.length;
    return this.#unit + (this.#word.codePointAt(this.#unit)! > 0xffff ? 2 : 1);
  }

  /** Bytes are asked for in ascending order. */
  #advance(byte: number): void {
    while (this.#unit < this.#word.length) {
      const codePoint = this.#word.codePointAt(this.#unit)!;
      const length = byteLength(codePoint);
      if (this.#byte + length > byte) return;
      this.#byte += length;
      this.#unit += codePoint > 0xffff ? 2 : 1;
    }
  }
}
