import { FormatError } from "../../errors.ts";
import type { Model, Token } from "../component.ts";
import { MergeQueue } from "./merge-queue.ts";
import { MergeTable } from "./merge-table.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface BpeOptions {
  readonly vocabulary: Vocabulary;
  /** Pairs of tokens that become one, most frequent first. */
  readonly merges: readonly (readonly [left: string, right: string])[];
  /** null: characters that the vocabulary does not have are left out. */
  readonly unkToken?: string | null;
  /** What characters that do not begin a word begin with. */
  readonly continuingSubwordPrefix?: string | null;
  /** What the last character of a word ends with. */
  readonly endOfWordSuffix?: string | null;
  /** Whether unknown characters in a row are one unknown token. */
  readonly fuseUnk?: boolean;
  /** Whether an unknown character becomes the tokens <0x00> … <0xFF> of its bytes, where there are all of them. */
  readonly byteFallback?: boolean;
  /** Whether a word that the vocabulary has stays whole, whatever the merges say. */
  readonly ignoreMerges?: boolean;
}

const MOST_CACHED_WORDS = 10_000;
const LONGEST_CACHED_WORD = 256; // UTF-16 units

/**
 * Byte pair encoding: the characters of a word are merged pair by pair, the pair that comes first in the list
 * of merges first (arXiv 1508.07909; tokenizers/src/models/bpe). Merging takes O(n log n) time.
 */
export class BPE implements Model {
  readonly type = "BPE";
  readonly #vocabulary: Vocabulary;
  readonly #options: BpeOptions;
  readonly #merges: MergeTable;
  /** Symbol → id, and the other way round: symbols are ids without gaps. */
  readonly #ids: Int32Array;
  readonly #symbolOfId: ReadonlyMap<number, number>;
  readonly #cache = new Map<string, readonly Token[]>();

  // The word in the making: symbols as a list, -1 where there is no neighbour.
  #symbols = new Int32Array(64);
  #bytes = new Int32Array(64); // how many bytes of UTF-8 each stands for, 0 for symbols that were merged away
  #previous = new Int32Array(64);
  #next = new Int32Array(64);
  #length = 0;
  readonly #queue = new MergeQueue();

  /** @throws FormatError where a merge's tokens, or what they become, are not in the vocabulary. */
  constructor(options: BpeOptions) {
    const { vocabulary, merges } = options;
    this.#options = options;
    this.#vocabulary = vocabulary;
    const symbolOfId = new Map<number, number>();
    for (const [, id] of vocabulary.entries()) if (!symbolOfId.has(id)) symbolOfId.set(id, symbolOfId.size);
    this.#symbolOfId = symbolOfId;
    this.#ids = Int32Array.from(symbolOfId.keys());
    this.#merges = new MergeTable(merges.length);
    const prefix = options.continuingSubwordPrefix ?? "";
    for (const [left, right] of merges) {
      if (!right.startsWith(prefix)) {
        throw new FormatError(
          `the merge "${left} ${right}": its second token does not begin with "${prefix}"`,
        );
      }
      this.#merges.add(
        this.#mergeable(left),
        this.#mergeable(right),
        this.#mergeable(left + right.slice(prefix.length)),
      );
    }
  }

  #mergeable(token: string): number {
    const id = this.#vocabulary.id(token);
    if (id === undefined)
      throw new FormatError(`the merges name a token that the vocabulary does not have: "${token}"`);
    return this.#symbolOfId.get(id)!;
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

  entries(): Iterable<readonly [string, number]> {
    return this.#vocabulary.entries();
  }

  tokenize(word: string): readonly Token[] {
    const known = this.#cache.get(word);
    if (known !== undefined) return known;
    const tokens = this.#tokenize(word);
    if (word.length <= LONGEST_CACHED_WORD) {
      if (this.#cache.size >= MOST_CACHED_WORDS) this.#cache.clear();
      this.#cache.set(word, tokens);
    }
    return tokens;
  }

  #tokenize(word: string): readonly Token[] {
    const whole = this.#options.ignoreMerges ? this.#vocabulary.id(word) : undefined;
    if (whole !== undefined) return [{ id: whole, value: word, start: 0, end: word.length }];
    this.#merge(word);
    const places = new BytePlaces(word);
    const tokens: Token[] = [];
    let byte = 0;
    for (let i = this.#length === 0 ? -1 : 0; i >= 0; i = this.#next[i]!) {
      const id = this.#ids[this.#symbols[i]!]!;
      const end = byte + this.#bytes[i]!;
      tokens.push({
        id,
        value: this.#vocabulary.token(id)!,
        start: places.startOf(byte),
        end: places.endOf(end - 1),
      });
      byte = end;
    }
    return tokens;
  }

  /** Appends the ids of a word; as {@link tokenize}, which it does not remember. */
  appendIds(word: string, out: number[]): void {
    const whole = this.#options.ignoreMerges ? this.#vocabulary.id(word) : undefined;
    if (whole !== undefined) {
      out.push(whole);
      return;
    }
    this.#merge(word);
    for (let i = this.#length === 0 ? -1 : 0; i >= 0; i = this.#next[i]!)
      out.push(this.#ids[this.#symbols[i]!]!);
  }

  /** Leaves the symbols of a word in the list that begins at 0. */
  #merge(word: string): void {
    this.#split(word);
    const count = this.#length;
    const merges = this.#merges;
    const queue = this.#queue;
    const symbols = this.#symbols;
    const bytes = this.#bytes;
    const previous = this.#previous;
    const next = this.#next;
    queue.clear();
    const add = (left: number, right: number) => {
      const rank = merges.rank(symbols[left]!, symbols[right]!);
      if (rank >= 0) queue.push(rank, left);
    };
    for (let i = 0; i + 1 < count; i++) add(i, i + 1);
    while (!queue.isEmpty) {
      const { rank, position } = queue;
      queue.pop();
      const right = next[position]!;
      if (bytes[position] === 0 || right < 0) continue;
      // The pair may have changed since: it counts where it still becomes the same symbol.
      const current = merges.rank(symbols[position]!, symbols[right]!);
      if (current < 0 || merges.merged(current) !== merges.merged(rank)) continue;
      const after = next[right]!;
      symbols[position] = merges.merged(rank);
      bytes[position]! += bytes[right]!;
      bytes[right] = 0;
      next[position] = after;
      if (after >= 0) previous[after] = position;
      if (previous[position]! >= 0) add(previous[position]!, position);
      if (after >= 0) add(position, after);
    }
  }

  /** Makes a list of a word's characters. */
  #split(word: string): void {
    const { unkToken = null, byteFallback = false, fuseUnk = false } = this.#options;
    const prefix = this.#options.continuingSubwordPrefix ?? "";
    const suffix = this.#options.endOfWordSuffix ?? "";
    this.#length = 0;
    let unknown = 0; // bytes of the unknown token that waits to be added
    const addUnknown = () => {
      if (unknown > 0) this.#add(this.#unkId(unkToken!), unknown);
      unknown = 0;
    };
    for (let i = 0; i < word.length; ) {
      const point = word.codePointAt(i)!;
      const end = i + (point > 0xffff ? 2 : 1);
      let token = word.slice(i, end);
      if (i > 0 && prefix !== "") token = prefix + token;
      if (end === word.length && suffix !== "") token += suffix;
      i = end;
      const size = utf8Length(point);
      const id = this.#vocabulary.id(token);
      if (id !== undefined) {
        addUnknown();
        this.#add(id, size);
        continue;
      }
      const fallback = byteFallback ? this.#byteTokens(token) : null;
      if (fallback !== null) {
        // Ahead of an unknown token that waits: so does the reference.
        for (const byte of fallback) this.#add(byte, 1);
        continue;
      }
      if (unkToken === null) continue;
      if (!fuseUnk) addUnknown();
      this.#unkId(unkToken);
      unknown += size;
    }
    addUnknown();
  }

  #unkId(unkToken: string): number {
    const id = this.#vocabulary.id(unkToken);
    if (id === undefined) {
      throw new FormatError(
        `the text holds an unknown character, but the vocabulary has no unknown token "${unkToken}"`,
      );
    }
    return id;
  }

  #byteTokens(token: string): number[] | null {
    const ids: number[] = [];
    for (const byte of new TextEncoder().encode(token)) {
      const id = this.#vocabulary.id(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
      if (id === undefined) return null;
      ids.push(id);
    }
    return ids;
  }

  #add(id: number, bytes: number): void {
    const i = this.#length;
    if (i === this.#symbols.length) {
      this.#symbols = doubled(this.#symbols);
      this.#bytes = doubled(this.#bytes);
      this.#previous = doubled(this.#previous);
      this.#next = doubled(this.#next);
    }
    this.#symbols[i] = this.#symbolOfId.get(id)!;
    this.#bytes[i] = bytes;
    this.#previous[i] = i - 1;
    this.#next[i] = -1;
    if (i > 0) this.#next[i - 1] = i;
    this.#length++;
  }
}

/** Bytes of a word's UTF-8 form as UTF-16 units; asked for from left to right. */
class BytePlaces {
  readonly #word: string;
  #start = 0; // units, of the current code point
  #byte = 0; // its first byte

  constructor(word: string) {
    this.#word = word;
  }

  /** Where the code point that has the byte begins. */
  startOf(byte: number): number {
    this.#goTo(byte);
    return this.#start;
  }

  /** Where the code point that has the byte ends. */
  endOf(byte: number): number {
    this.#goTo(byte);
    return this.#start + (this.#word.codePointAt(this.#start)! > 0xffff ? 2 : 1);
  }

  #goTo(byte: number): void {
    for (;;) {
      const point = this.#word.codePointAt(this.#start)!;
      const after = this.#byte + utf8Length(point);
      if (byte < after) return;
      this.#byte = after;
      this.#start += point > 0xffff ? 2 : 1;
    }
  }
}

function utf8Length(point: number): number {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
