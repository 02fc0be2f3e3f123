import type { Normalizer } from "../component.ts";
import type { WordPiece } from "../models/word-piece.ts";
import { PlainText } from "../text/editable-text.ts";
import { punctuation, whiteSpace } from "../unicode/categories.ts";
import { combiningClass } from "../unicode/normalization.ts";
import type { IdBuffer } from "./id-buffer.ts";
import { FIRST_HASH, nextHash } from "./token-table.ts";
import { WordCache } from "./word-cache.ts";

// What becomes of a UTF-16 unit of the text.
const UNKNOWN = 0; // not asked yet
const WORD = 1; // one unit that belongs to a word
const SPACE = 2; // ends a word
const PUNCTUATION = 3; // one unit that is a word of its own
const DROPPED = 4;
const EXPANDED = 5; // several code points, or one beyond the basic plane
const SURROGATE = 6;
const REFUSED = 7; // what becomes of it depends on its neighbours

/**
 * Ids alone of a text under a normalizer that works code point by code point, BertPreTokenizer and
 * WordPiece, in one pass over the text: what each UTF-16 unit becomes is tabulated when it is first met,
 * words are hashed as they grow and looked up without making a string.
 */
export class BertIds {
  readonly #normalizer: Normalizer | null;
  readonly #model: WordPiece;
  readonly #refusedUnits: ReadonlySet<number>;
  readonly #kinds = new Uint8Array(0x10000);
  readonly #becomes = new Uint16Array(0x10000);
  readonly #expansions = new Map<number, string | null>();
  readonly #cache = new WordCache();

  // The word in the making.
  #units = new Uint16Array(256);
  #length = 0; // in units; what is beyond the longest word that can be known is counted, not kept
  #codePoints = 0;
  #hash = FIRST_HASH;
  readonly #ids: number[] = [];
  readonly #ends: number[] = [];

  /**
   * @param refusedUnits units that, in the normalized text, may begin an added token: texts that hold one
   *   are left to the full pipeline.
   */
  constructor(normalizer: Normalizer | null, model: WordPiece, refusedUnits: ReadonlySet<number>) {
    this.#normalizer = normalizer;
    this.#model = model;
    this.#refusedUnits = refusedUnits;
  }

  /**
   * Appends the ids of a text. Stops early, between two words, once `out` holds `enough`.
   * @returns false, and `out` as it was, where the text needs the full pipeline.
   */
  append(text: string, out: IdBuffer, enough: number): boolean {
    const before = out.length;
    this.#begin();
    const kinds = this.#kinds;
    const becomes = this.#becomes;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      let kind = kinds[unit]!;
      if (kind === UNKNOWN) kind = this.#learn(unit);
      if (kind === WORD) {
        this.#addUnit(becomes[unit]!);
        this.#codePoints++;
      } else if (kind === SPACE) {
        if (this.#length > 0) this.#endWord(out);
        if (out.length >= enough) return true;
      } else if (kind === PUNCTUATION) {
        this.#isolate(becomes[unit]!, out);
        if (out.length >= enough) return true;
      } else if (kind !== DROPPED) {
        let codePoint = unit;
        if (kind === SURROGATE) {
          const pair = text.codePointAt(i)!;
          if (pair > 0xffff) i++;
          codePoint = pair > 0xffff ? pair : 0xfffd;
        }
        const expansion = kind === REFUSED ? null : this.#expansion(codePoint);
        if (expansion === null) {
          out.length = before;
          return false;
        }
        this.#addNormalized(expansion, out);
        if (out.length >= enough) return true;
      }
    }
    this.#endWord(out);
    return true;
  }

  #begin(): void {
    this.#length = 0;
    this.#codePoints = 0;
    this.#hash = FIRST_HASH;
  }

  #addUnit(unit: number): void {
    if (this.#length < this.#units.length) {
      this.#units[this.#length] = unit;
    } else if (this.#codePoints <= this.#model.maxInputCharsPerWord) {
      const larger = new Uint16Array(this.#units.length * 2);
      larger.set(this.#units);
      this.#units = larger;
      larger[this.#length] = unit;
    }
    this.#length++;
    this.#hash = nextHash(this.#hash, unit);
  }

  /** Text that is normalized already. */
  #addNormalized(text: string, out: IdBuffer): void {
    for (let i = 0; i < text.length; i++) {
      const codePoint = text.codePointAt(i)!;
      if (whiteSpace.has(codePoint)) {
        this.#endWord(out);
        continue;
      }
      const isolated = punctuation.has(codePoint);
      if (isolated) this.#endWord(out);
      this.#addUnit(text.charCodeAt(i));
      if (codePoint > 0xffff) this.#addUnit(text.charCodeAt(++i));
      this.#codePoints++;
      if (isolated) this.#endWord(out);
    }
  }

  #isolate(unit: number, out: IdBuffer): void {
    if (this.#length > 0) this.#endWord(out);
    this.#addUnit(unit);
    this.#codePoints = 1;
    this.#endWord(out);
  }

  #endWord(out: IdBuffer): void {
    const length = this.#length;
    if (length === 0) return;
    const hash = this.#hash;
    const tooLong = this.#codePoints > this.#model.maxInputCharsPerWord;
    this.#begin();
    if (tooLong) {
      out.push(this.#model.unkId);
      return;
    }
    const whole = this.#model.first.find(this.#units, 0, length, hash);
    if (whole >= 0) {
      out.push(whole);
      return;
    }
    const known = this.#cache.find(this.#units, length, hash);
    if (known >= 0) {
      const ids = this.#cache.ids;
      const end = this.#cache.idsEnd(known);
      for (let i = this.#cache.idsStart(known); i < end; i++) out.push(ids[i]!);
      return;
    }
    const ids = this.#ids;
    ids.length = 0;
    this.#ends.length = 0;
    if (!this.#model.cut(this.#units, length, ids, this.#ends)) {
      ids.length = 0;
      ids.push(this.#model.unkId);
    }
    this.#cache.add(this.#units, length, hash, ids);
    for (let i = 0; i < ids.length; i++) out.push(ids[i]!);
  }

  /** Finds out what becomes of a unit, and keeps it. */
  #learn(unit: number): number {
    const kind = this.#kindOf(unit);
    this.#kinds[unit] = kind;
    return kind;
  }

  #kindOf(unit: number): number {
    if (unit >= 0xd800 && unit < 0xe000) return SURROGATE;
    const text = this.#normalized(unit);
    if (text === null) return REFUSED;
    if (text.length === 0) return DROPPED;
    if (text.length > 1) return EXPANDED;
    const to = text.charCodeAt(0);
    this.#becomes[unit] = to;
    return whiteSpace.has(to) ? SPACE : punctuation.has(to) ? PUNCTUATION : WORD;
  }

  #expansion(codePoint: number): string | null {
    let text = this.#expansions.get(codePoint);
    if (text === undefined) {
      text = this.#normalized(codePoint);
      if (this.#expansions.size >= 4096) this.#expansions.clear();
      this.#expansions.set(codePoint, text);
    }
    return text;
  }

  /** What one code point becomes, null where that depends on its neighbours. */
  #normalized(codePoint: number): string | null {
    const string = new PlainText(String.fromCodePoint(codePoint));
    this.#normalizer?.normalize(string);
    const text = string.text;
    for (let i = 0; i < text.length; i++) {
      if (this.#refusedUnits.has(text.charCodeAt(i))) return null;
      // Marks that survive may be put in another order by NFD.
      if (this.#normalizer?.reordersMarks && combiningClass(text.codePointAt(i)!) !== 0) return null;
    }
    return text;
  }
}
