import type { Model, Normalizer } from "./component.ts";
import { type UnitFinder, unitFinder } from "./fast/unit-finder.ts";
import { type EditableText, PlainText, type Span } from "./text/editable-text.ts";
import { type Piece, PreTokenizedString } from "./text/pre-tokenized-string.ts";
import type { Token } from "./token.ts";
import { whiteSpace, wordCharacter } from "./unicode/categories.ts";

/** A token that is found in the text before the model sees it. */
export interface AddedToken {
  readonly content: string;
  /** Only where no word character stands beside it. */
  readonly singleWord: boolean;
  /** Takes the white space on its left along. */
  readonly lstrip: boolean;
  /** Takes the white space on its right along. */
  readonly rstrip: boolean;
  /** Looked for in the normalized text, in its own normalized form. */
  readonly normalized: boolean;
  /** Left out of decoded text on request. */
  readonly special: boolean;
}

/** An added token as matching sees it. */
interface Match extends Span {
  /** null between matches. */
  readonly id: number | null;
}

/**
 * The tokens that a tokenizer has besides its model's (tokenizers/src/tokenizer/added_vocabulary.rs). They
 * are found in two passes: first those that are not normalized, in the text as it is; then, in what lies
 * between, those that are, in the normalized text.
 */
export class AddedVocabulary {
  readonly #ids = new Map<string, number>();
  readonly #tokens = new Map<number, AddedToken>();
  readonly #special = new Set<string>();
  /** id → the normalized content, where it differs. */
  readonly #normalizedContents = new Map<number, string>();
  #raw = new Matcher();
  #normalized = new Matcher();

  /** Whether special tokens in the text are left to the model like any other text. */
  readonly splitSpecialTokens: boolean;

  constructor(splitSpecialTokens: boolean) {
    this.splitSpecialTokens = splitSpecialTokens;
  }

  /**
   * Adds tokens in order. One that the model (or an earlier one) knows keeps that id, others are numbered
   * from the end of the vocabulary. Empty ones are ignored.
   */
  add(tokens: readonly AddedToken[], model: Model, normalizer: Normalizer | null): void {
    let greatest = -1;
    for (const id of this.#tokens.keys()) greatest = Math.max(greatest, id);
    const size = model.vocabSize;
    let next = greatest >= size || (size === 0 && greatest >= 0) ? greatest + 1 : size;
    for (const token of tokens) {
      if (token.content === "") continue;
      const id = this.#ids.get(token.content) ?? model.tokenToId(token.content) ?? next++;
      this.#ids.set(token.content, id);
      if (token.special) this.#special.add(token.content);
      this.#tokens.set(id, token);
      this.#normalizedContents.delete(id);
      if (token.normalized && normalizer !== null) {
        const content = new PlainText(token.content);
        normalizer.normalize(content);
        if (content.text !== token.content) this.#normalizedContents.set(id, content.text);
      }
    }
    this.#raw = new Matcher();
    this.#normalized = new Matcher();
    for (const [id, token] of this.#tokens) {
      if (token.normalized) this.#normalized.add(this.#normalizedContents.get(id) ?? token.content, id);
      else this.#raw.add(token.content, id);
    }
  }

  get size(): number {
    return this.#ids.size;
  }

  /** Content and id. */
  entries(): Iterable<readonly [string, number]> {
    return this.#ids.entries();
  }

  /** Id and token. */
  tokens(): Iterable<readonly [number, AddedToken]> {
    return this.#tokens.entries();
  }

  tokenToId(token: string): number | undefined {
    return this.#ids.get(token);
  }

  /** The token as decoders expect it: in its normalized form where matching used that. */
  idToToken(id: number): string | undefined {
    return this.#normalizedContents.get(id) ?? this.#tokens.get(id)?.content;
  }

  isSpecial(token: string): boolean {
    return this.#special.has(token);
  }

  /** The UTF-16 units that added tokens begin with in a text that is not normalized yet. */
  get rawFirstUnits(): ReadonlySet<number> {
    return this.#raw.firstUnits;
  }

  /** The same for the normalized text. */
  get normalizedFirstUnits(): ReadonlySet<number> {
    return this.#normalized.firstUnits;
  }

  /** The text as pieces: added tokens with their id, the rest normalized. */
  extract<T extends EditableText>(text: T, normalizer: Normalizer | null): PreTokenizedString<T> {
    const pieces: Piece<T>[] = [];
    for (const raw of this.#cut(text, this.#raw)) {
      if (raw.tokens !== null) {
        pieces.push(raw);
        continue;
      }
      normalizer?.normalize(raw.normalized);
      for (const piece of this.#cut(raw.normalized, this.#normalized)) pieces.push(piece);
    }
    return new PreTokenizedString(pieces);
  }

  /** The first pass alone: spans that cover the text. */
  matchRaw(text: string): Match[] {
    return this.#find(text, this.#raw);
  }

  #cut<T extends EditableText>(text: T, matcher: Matcher): Piece<T>[] {
    const pieces: Piece<T>[] = [];
    for (const { start, end, id } of this.#find(text.text, matcher)) {
      if (start === end) continue;
      const normalized = text.slice(start, end) as T; // a text's slices are texts of its kind
      const value = normalized.text;
      const tokens: readonly Token[] | null =
        id === null ? null : [{ id, value, start: 0, end: value.length }];
      pieces.push({ normalized, tokens });
    }
    return pieces;
  }

  #find(text: string, matcher: Matcher): Match[] {
    if (matcher.isEmpty) return [{ start: 0, end: text.length, isMatch: false, id: null }];
    const matches: Match[] = [];
    let done = 0;
    for (let from = 0; ; ) {
      const found = matcher.find(text, from);
      if (found === null) break;
      let { start, end } = found;
      from = end;
      const token = this.#tokens.get(found.id)!;
      if (this.splitSpecialTokens && this.#special.has(token.content)) continue;
      if (token.singleWord && (wordEndsAt(text, start) || wordStartsAt(text, end))) continue;
      if (token.lstrip) {
        while (start > done && whiteSpace.has(text.charCodeAt(start - 1))) start--;
        start = Math.max(start, done); // white space that an earlier token took
        end = Math.max(start, end);
      }
      if (token.rstrip) {
        while (end < text.length && whiteSpace.has(text.charCodeAt(end))) end++;
      }
      if (done < start) matches.push({ start: done, end: start, isMatch: false, id: null });
      matches.push({ start, end, isMatch: true, id: found.id });
      done = end;
    }
    if (done < text.length) matches.push({ start: done, end: text.length, isMatch: false, id: null });
    return matches;
  }
}

function wordEndsAt(text: string, end: number): boolean {
  if (end === 0) return false;
  const unit = text.charCodeAt(end - 1);
  const low = unit >= 0xdc00 && unit < 0xe000 && end > 1;
  return wordCharacter.has(low ? text.codePointAt(end - 2)! : unit);
}

function wordStartsAt(text: string, start: number): boolean {
  return start < text.length && wordCharacter.has(text.codePointAt(start)!);
}

interface Node {
  next: Map<number, Node> | null;
  id: number; // -1 where no token ends
}

/** Finds the leftmost, and there the longest, of many strings. */
class Matcher {
  readonly #root: Node = { next: null, id: -1 };
  readonly #firstUnits = new Set<number>();
  #next: UnitFinder | null = null;

  get isEmpty(): boolean {
    return this.#firstUnits.size === 0;
  }

  get firstUnits(): ReadonlySet<number> {
    return this.#firstUnits;
  }

  add(content: string, id: number): void {
    if (content === "") return;
    let node = this.#root;
    for (let i = 0; i < content.length; i++) {
      const unit = content.charCodeAt(i);
      node.next ??= new Map();
      let next = node.next.get(unit);
      if (next === undefined) {
        next = { next: null, id: -1 };
        node.next.set(unit, next);
      }
      node = next;
    }
    node.id = id;
    this.#firstUnits.add(content.charCodeAt(0));
    this.#next = null;
  }

  find(text: string, from: number): { start: number; end: number; id: number } | null {
    this.#next ??= unitFinder(this.#firstUnits);
    for (let start = this.#next(text, from); start >= 0; start = this.#next(text, start + 1)) {
      let node: Node = this.#root.next!.get(text.charCodeAt(start))!;
      let end = -1;
      let id = -1;
      for (let i = start + 1; ; i++) {
        if (node.id >= 0) {
          id = node.id;
          end = i;
        }
        const next: Node | undefined = i < text.length ? node.next?.get(text.charCodeAt(i)) : undefined;
        if (next === undefined) break;
        node = next;
      }
      if (end > 0) return { start, end, id };
    }
    return null;
  }
}
