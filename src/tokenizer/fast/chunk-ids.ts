import { PlainText } from "../text/editable-text.ts";
import { wellFormed } from "../text/well-formed.ts";
import { whiteSpace } from "../unicode/categories.ts";
import { categoryMask, generalCategory } from "../unicode/general-category.ts";
import { attachesToNext, attachesToPrevious } from "../unicode/graphemes.ts";
import { appendIds, type Pipeline } from "./append-ids.ts";
import { IdBuffer } from "./id-buffer.ts";
import { FIRST_HASH, nextHash } from "./token-table.ts";
import { LONGEST_WORD, WordCache } from "./word-cache.ts";

const SPACE = 0x20;
const ORDINARY = 1; // a letter, number or punctuation that does not attach to its neighbours
const OTHER = 2;
const ORDINARY_CATEGORIES = categoryMask("L", "N", "P");

/**
 * Ids alone of a text that may be cut before single spaces: where a space stands between two ordinary
 * characters, nothing of this pipeline looks across. The chunks are mostly words; their ids are remembered,
 * so that only new ones go through the pipeline.
 */
export class ChunkIds {
  readonly #pipeline: Pipeline;
  readonly #cache = new WordCache();
  readonly #chunk = new Uint16Array(LONGEST_WORD);
  readonly #ids = new IdBuffer();
  readonly #kinds = new Uint8Array(0x10000); // of UTF-16 units, 0 where nobody asked yet

  /** Whether the parts of a pipeline allow the text to be cut. */
  static fits({ addedVocabulary, normalizer, preTokenizer }: Pipeline): boolean {
    if (normalizer !== null && !normalizer.separable) return false;
    if (preTokenizer === null || !preTokenizer.separable || preTokenizer.asksForOrigins) return false;
    // In the text as it is, tokens are found before it is cut. Those of the normalized text may take in what stands
    // behind a cut, or ask what stands before it.
    for (const [id, { normalized, rstrip, singleWord }] of addedVocabulary.tokens()) {
      const content = addedVocabulary.idToToken(id)!; // in its normalized form
      if (normalized && (rstrip || content.includes(" ", 1) || (singleWord && content.startsWith(" ")))) {
        return false;
      }
    }
    return true;
  }

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
  }

  /** Appends the ids of a text. Stops early, between two chunks, once `out` holds `enough`. */
  append(text: string, out: IdBuffer, enough: number): boolean {
    const kinds = this.#kinds;
    const length = text.length;
    const chunk = this.#chunk;
    let start = 0;
    let hash = FIRST_HASH;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit === SPACE && i > start && i + 1 < length) {
        const before = text.charCodeAt(i - 1);
        const after = text.charCodeAt(i + 1);
        if (
          (kinds[before] || this.#learn(before)) === ORDINARY &&
          (kinds[after] || this.#learn(after)) === ORDINARY
        ) {
          this.#endChunk(text, start, i, hash, out);
          if (out.length >= enough) return true;
          start = i;
          hash = FIRST_HASH;
        }
      }
      if (i - start < LONGEST_WORD) chunk[i - start] = unit;
      hash = nextHash(hash, unit);
    }
    if (start < length) this.#endChunk(text, start, length, hash, out);
    return true;
  }

  #endChunk(text: string, start: number, end: number, hash: number, out: IdBuffer): void {
    const length = end - start;
    if (length > LONGEST_WORD) {
      appendIds(this.#pipeline, new PlainText(wellFormed(text.slice(start, end))), out);
      return;
    }
    const known = this.#cache.find(this.#chunk, length, hash);
    if (known >= 0) {
      const { ids } = this.#cache;
      const last = this.#cache.idsEnd(known);
      for (let i = this.#cache.idsStart(known); i < last; i++) out.push(ids[i]!);
      return;
    }
    const ids = this.#ids;
    ids.length = 0;
    appendIds(this.#pipeline, new PlainText(wellFormed(text.slice(start, end))), ids);
    const made = ids.copy();
    this.#cache.add(this.#chunk, length, hash, made);
    for (let i = 0; i < made.length; i++) out.push(made[i]!);
  }

  #learn(unit: number): number {
    const ordinary =
      ((ORDINARY_CATEGORIES >>> generalCategory(unit)) & 1) === 1 &&
      !attachesToPrevious(unit) &&
      !attachesToNext(unit) &&
      this.#endsVisibly(unit);
    const kind = ordinary ? ORDINARY : OTHER;
    this.#kinds[unit] = kind;
    return kind;
  }

  /** Whether the normalizer leaves something of a character, and no white space at its end. */
  #endsVisibly(unit: number): boolean {
    const text = new PlainText(String.fromCharCode(unit));
    this.#pipeline.normalizer?.normalize(text);
    return text.text !== "" && !whiteSpace.has(text.text.charCodeAt(text.text.length - 1));
  }
}
