import { ArgumentError } from "../errors.ts";
import { checkWhole, describe } from "../runtime/check-arguments.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import type { AddedVocabulary } from "./added-vocabulary.ts";
import type { Decoder, Model, Normalizer, PostProcessor, PreTokenizer } from "./component.ts";
import { cleanUpSpaces } from "./decoders/word-piece.ts";
import { Encoding, type Side } from "./encoding.ts";
import { appendIds } from "./fast/append-ids.ts";
import { type FastPath, fastPath } from "./fast/fast-path.ts";
import { IdBuffer } from "./fast/id-buffer.ts";
import { type Frame, framedIds, framedTypes, frameOf, type IdRange, probeTexts } from "./frame.ts";
import { type Padding, pad } from "./padding.ts";
import { type Strategies, type StrategyOptions, strategiesFor } from "./strategies.ts";
import { PlainText } from "./text/editable-text.ts";
import { NormalizedString } from "./text/normalized-string.ts";
import { type TokenLimit, toEncoding } from "./text/pre-tokenized-string.ts";
import { TokenizedWords } from "./text/tokenized-words.ts";
import { wellFormed } from "./text/well-formed.ts";
import { longestFirst, type Truncation, truncate } from "./truncation.ts";

/** The parts of a tokenizer, as tokenizer.json lists them. */
export interface TokenizerParts {
  readonly addedVocabulary: AddedVocabulary;
  readonly normalizer: Normalizer | null;
  readonly preTokenizer: PreTokenizer | null;
  readonly model: Model;
  readonly postProcessor: PostProcessor | null;
  readonly decoder: Decoder | null;
  /** What the file saved. No method uses them unasked. */
  readonly savedTruncation: Truncation | null;
  readonly savedPadding: Padding | null;
}

/** The tokens that have a role. */
export type SpecialTokenName =
  | "bosToken"
  | "eosToken"
  | "unkToken"
  | "sepToken"
  | "padToken"
  | "clsToken"
  | "maskToken";

/** What a tokenizer knows besides its pipeline (tokenizer_config.json). */
export interface TokenizerSettings {
  /** In tokens; Infinity where no limit is known. */
  readonly modelMaxLength: number;
  readonly paddingSide: Side;
  readonly truncationSide: Side;
  readonly padTokenTypeId: number;
  /** What the model wants: `input_ids`, `attention_mask`, and perhaps `token_type_ids`. */
  readonly modelInputNames: readonly string[];
  readonly specialTokens: { readonly [name in SpecialTokenName]?: string };
  readonly extraSpecialTokens: readonly string[];
  /** Whether {@link Tokenizer.decode} takes back spaces before punctuation. */
  readonly cleanUpTokenizationSpaces: boolean;
}

const settingNames: OptionNames<TokenizerSettings> = {
  modelMaxLength: true,
  paddingSide: true,
  truncationSide: true,
  padTokenTypeId: true,
  modelInputNames: true,
  specialTokens: true,
  extraSpecialTokens: true,
  cleanUpTokenizationSpaces: true,
};

const DEFAULT_SETTINGS: TokenizerSettings = {
  modelMaxLength: Number.POSITIVE_INFINITY,
  paddingSide: "right",
  truncationSide: "right",
  padTokenTypeId: 0,
  modelInputNames: ["input_ids", "attention_mask"],
  specialTokens: {},
  extraSpecialTokens: [],
  cleanUpTokenizationSpaces: false,
};

export interface EncodeOptions extends StrategyOptions {
  /** A second text, encoded together with the first. */
  readonly pair?: string | undefined;
  /** Default true. */
  readonly addSpecialTokens?: boolean | undefined;
}

/** For many texts or pairs, which say themselves what is a pair. */
export type EncodeBatchOptions = Omit<EncodeOptions, "pair">;

const batchOptionNames: OptionNames<EncodeBatchOptions> = {
  addSpecialTokens: true,
  truncation: true,
  maxLength: true,
  stride: true,
  padding: true,
  padToMultipleOf: true,
  paddingSide: true,
  truncationSide: true,
};

const encodeOptionNames: OptionNames<EncodeOptions> = { pair: true, ...batchOptionNames };

/** A text, or a pair of texts to encode together. */
export type TextOrPair = string | readonly [text: string, pair: string];

export interface EncodeIdsOptions {
  /** Default true. */
  readonly addSpecialTokens?: boolean | undefined;
  /** In tokens, special tokens included: longer texts are truncated on the tokenizer's side. Default: no limit. */
  readonly maxLength?: number | undefined;
}

const encodeIdsOptionNames: OptionNames<EncodeIdsOptions> = { addSpecialTokens: true, maxLength: true };

export interface CountTokensOptions {
  /** Default true. */
  readonly addSpecialTokens?: boolean | undefined;
}

const countOptionNames: OptionNames<CountTokensOptions> = { addSpecialTokens: true };

/** Token ids, and whether tokens of the text are missing from them. */
export interface LimitedIds {
  readonly ids: Int32Array;
  /** null: all 0, as they are where {@link Tokenizer.givesTokenTypes} is false. */
  readonly tokenTypeIds: Int32Array | null;
  readonly truncated: boolean;
}

export interface DecodeOptions {
  /** Default false. */
  readonly skipSpecialTokens?: boolean | undefined;
  /** Whether spaces before punctuation go. Default: the tokenizer's setting. */
  readonly cleanUpTokenizationSpaces?: boolean | undefined;
}

const decodeOptionNames: OptionNames<DecodeOptions> = {
  skipSpecialTokens: true,
  cleanUpTokenizationSpaces: true,
};

/**
 * Text to token ids and back: added tokens, normalizer, pre-tokenizer, model, post-processor, as the
 * `tokenizers` library runs them. Offsets are in UTF-16 units; a lone surrogate counts as U+FFFD.
 */
export class Tokenizer {
  readonly #parts: TokenizerParts;
  readonly #settings: TokenizerSettings;
  readonly #fast: FastPath | null;
  readonly #frames: (Frame | null)[] = [];
  /** Whether the model is given other types than 0 for the tokens of one text, special ones included. */
  readonly hasTokenTypes: boolean;
  readonly #buffer = new IdBuffer();
  readonly #pairBuffer = new IdBuffer();
  readonly #words = new TokenizedWords();

  constructor(parts: TokenizerParts, settings: Partial<TokenizerSettings> = {}) {
    this.#parts = parts;
    this.#settings = { ...DEFAULT_SETTINGS, ...settings };
    this.#fast = fastPath(parts);
    const probe = this.#process(probeTexts(false), true);
    this.hasTokenTypes =
      this.givesTokenTypes && probe.some(({ tokenTypeIds }) => tokenTypeIds.some((type) => type !== 0));
  }

  // ── What it is ────────────────────────────────────────────────────────────────────────────────────

  /** Tokens in the vocabulary, added ones included. */
  get vocabSize(): number {
    const { model, addedVocabulary } = this.#parts;
    let size = model.vocabSize;
    for (const [token] of addedVocabulary.entries()) if (model.tokenToId(token) === undefined) size++;
    return size;
  }

  /** In tokens; Infinity where no limit is known. */
  get modelMaxLength(): number {
    return this.#settings.modelMaxLength;
  }

  get paddingSide(): Side {
    return this.#settings.paddingSide;
  }

  get truncationSide(): Side {
    return this.#settings.truncationSide;
  }

  /** What the model wants: `input_ids`, `attention_mask`, and perhaps `token_type_ids`. */
  get modelInputNames(): readonly string[] {
    return this.#settings.modelInputNames;
  }

  /** Whether the model is given the types of tokens; where it is not, all count as 0, whatever an encoding says. */
  get givesTokenTypes(): boolean {
    return this.#settings.modelInputNames.includes("token_type_ids");
  }

  /** The tokens that have a role, by role. */
  get specialTokens(): { readonly [name in SpecialTokenName]?: string } {
    return this.#settings.specialTokens;
  }

  get extraSpecialTokens(): readonly string[] {
    return this.#settings.extraSpecialTokens;
  }

  get padTokenId(): number | undefined {
    return this.#roleId("padToken");
  }

  get unkTokenId(): number | undefined {
    return this.#roleId("unkToken");
  }

  get clsTokenId(): number | undefined {
    return this.#roleId("clsToken");
  }

  get sepTokenId(): number | undefined {
    return this.#roleId("sepToken");
  }

  get maskTokenId(): number | undefined {
    return this.#roleId("maskToken");
  }

  get bosTokenId(): number | undefined {
    return this.#roleId("bosToken");
  }

  get eosTokenId(): number | undefined {
    return this.#roleId("eosToken");
  }

  get padTokenTypeId(): number {
    return this.#settings.padTokenTypeId;
  }

  /** The truncation that tokenizer.json saved. No method uses it unasked. */
  get savedTruncation(): Truncation | null {
    return this.#parts.savedTruncation;
  }

  /** The padding that tokenizer.json saved. No method uses it unasked. */
  get savedPadding(): Padding | null {
    return this.#parts.savedPadding;
  }

  #roleId(name: SpecialTokenName): number | undefined {
    const token = this.#settings.specialTokens[name];
    if (token === undefined) return undefined;
    // As for every token that the vocabulary lacks; of the special ones, only the empty one is not added to it.
    return this.tokenToId(token) ?? (name === "unkToken" ? undefined : this.unkTokenId);
  }

  tokenToId(token: string): number | undefined {
    return this.#parts.addedVocabulary.tokenToId(token) ?? this.#parts.model.tokenToId(token);
  }

  idToToken(id: number): string | undefined {
    return this.#parts.addedVocabulary.idToToken(id) ?? this.#parts.model.idToToken(id);
  }

  /** Whether {@link decode} leaves this token out on request. */
  isSpecial(token: string): boolean {
    return this.#parts.addedVocabulary.isSpecial(token);
  }

  /** A tokenizer with the same pipeline and other settings. */
  withSettings(settings: Partial<TokenizerSettings>): Tokenizer {
    const changed = readOptions<Partial<TokenizerSettings>>("withSettings", settings, settingNames);
    return new Tokenizer(this.#parts, { ...this.#settings, ...changed });
  }

  /** How many special tokens {@link encode} adds to one text or to a pair. */
  addedTokens(isPair = false): number {
    return this.#parts.postProcessor?.addedTokens(isPair) ?? 0;
  }

  // ── Text to tokens ────────────────────────────────────────────────────────────────────────────────

  /**
   * Everything about the tokens of a text or of a pair.
   * @throws ArgumentError where truncation or padding ask for what cannot be.
   */
  encode(text: string, options: EncodeOptions = {}): Encoding {
    options = readOptions("tokenizer.encode", options, encodeOptionNames);
    checkText("encode", text);
    if (options.pair !== undefined) checkText("encode", options.pair);
    const { truncation, padding } = this.#strategies(options);
    const encoding = this.#encode(text, options.pair, options.addSpecialTokens ?? true, truncation);
    if (padding !== null) pad([encoding], padding);
    return encoding;
  }

  /** As {@link encode}, for many texts or pairs. `padding` fills up to the longest of them. */
  encodeBatch(texts: readonly TextOrPair[], options: EncodeBatchOptions = {}): Encoding[] {
    options = readOptions("encodeBatch", options, batchOptionNames);
    const { truncation, padding } = this.#strategies(options);
    const encodings = texts.map((given) => {
      if (Array.isArray(given) && given.length !== 2) {
        throw new ArgumentError(`encodeBatch: expected a pair of texts, got an array of ${given.length}`, {
          subject: "texts",
        });
      }
      const [text, pair] = Array.isArray(given) ? given : [given, undefined];
      checkText("encodeBatch", text);
      if (pair !== undefined) checkText("encodeBatch", pair);
      return this.#encode(text, pair, options.addSpecialTokens ?? true, truncation);
    });
    if (padding !== null) pad(encodings, padding);
    return encodings;
  }

  /** The tokens of a text, without special tokens around it. */
  tokenize(text: string): string[] {
    return this.encode(text, { addSpecialTokens: false }).tokens;
  }

  /**
   * The ids alone, as {@link encode} gives them, several times faster.
   * @throws ArgumentError where `maxLength` has no room for the special tokens.
   */
  encodeIds(text: string, options: EncodeIdsOptions = {}): Int32Array {
    const { addSpecialTokens = true, maxLength } = readOptions("encodeIds", options, encodeIdsOptionNames);
    checkText("encodeIds", text);
    return this.encodeIdsWithin(text, maxLength ?? Number.POSITIVE_INFINITY, addSpecialTokens).ids;
  }

  /**
   * As {@link encodeIds} with a limit, for a text or a pair, which is cut as by "longest_first"; says whether there were
   * more tokens than fit.
   */
  encodeIdsWithin(text: TextOrPair, maxLength: number, addSpecialTokens = true): LimitedIds {
    const isPair = typeof text !== "string";
    const room = this.#room(maxLength, addSpecialTokens, isPair);
    const frame = this.#frame(isPair, addSpecialTokens);
    if (frame === null) return this.#idsInFull(text, maxLength, addSpecialTokens);
    const left = this.#settings.truncationSide === "left";
    if (!isPair) {
      const count = this.#bufferIds(text, this.#buffer, left ? Number.POSITIVE_INFINITY : room + 1);
      const range = keptIds(this.#buffer, Math.min(room, count), left);
      return this.#limitedIds(frame, [range], count > room);
    }
    const enough = left ? Number.POSITIVE_INFINITY : maxLength + 1;
    const first = this.#bufferIds(text[0], this.#buffer, enough);
    const second = this.#bufferIds(text[1], this.#pairBuffer, enough);
    // Of two texts that both exceed the limit, the reference has not counted all tokens when it says which is longer.
    if (Math.min(first, second) >= maxLength) return this.#idsInFull(text, maxLength, addSpecialTokens);
    const [firstKept, secondKept] = longestFirst(first, second, room);
    const ranges = [keptIds(this.#buffer, firstKept, left), keptIds(this.#pairBuffer, secondKept, left)];
    return this.#limitedIds(frame, ranges, first + second > room);
  }

  /** How many ids {@link encodeIds} gives without a limit. */
  countTokens(text: string, options: CountTokensOptions = {}): number {
    const { addSpecialTokens = true } = readOptions("countTokens", options, countOptionNames);
    checkText("countTokens", text);
    const count = this.#bufferIds(text, this.#buffer, Number.POSITIVE_INFINITY);
    return count + (addSpecialTokens ? this.addedTokens() : 0);
  }

  /** How many tokens of the text or the pair fit. */
  #room(maxLength: number, addSpecialTokens: boolean, isPair: boolean): number {
    if (maxLength !== Number.POSITIVE_INFINITY) checkWhole(maxLength, "maxLength", 0);
    const added = addSpecialTokens ? this.addedTokens(isPair) : 0;
    if (maxLength < added) throw noRoom(added, maxLength);
    return maxLength - added;
  }

  /** null: the post-processor does more than put ids around texts. */
  #frame(isPair: boolean, addSpecialTokens: boolean): Frame | null {
    const index = 2 * Number(isPair) + Number(addSpecialTokens);
    if (this.#frames[index] === undefined) {
      this.#frames[index] = frameOf(this.#process(probeTexts(isPair), addSpecialTokens), isPair);
    }
    return this.#frames[index];
  }

  #limitedIds(frame: Frame, ranges: readonly IdRange[], truncated: boolean): LimitedIds {
    const tokenTypeIds = this.givesTokenTypes ? framedTypes(frame, ranges) : null;
    return { ids: framedIds(frame, ranges), tokenTypeIds, truncated };
  }

  /** As `encode`: where ids alone do not tell. */
  #idsInFull(text: TextOrPair, maxLength: number, addSpecialTokens: boolean): LimitedIds {
    const [first, second] = typeof text === "string" ? [text, undefined] : text;
    const { truncation } = this.#strategies(Number.isFinite(maxLength) ? { maxLength } : {});
    const encoding = this.#encode(first, second, addSpecialTokens, truncation);
    const room = this.#room(maxLength, addSpecialTokens, second !== undefined);
    const count = (one: string) => this.#bufferIds(one, this.#buffer, room + 1); // of one that exceeds it, no more
    const most = count(first) + (second === undefined ? 0 : count(second));
    const typed = this.givesTokenTypes && encoding.tokenTypeIds.some((type) => type !== 0);
    return {
      ids: Int32Array.from(encoding.inputIds),
      tokenTypeIds: typed ? Int32Array.from(encoding.tokenTypeIds) : null,
      truncated: most > room,
    };
  }

  /** The ids of a text in a buffer, at least `enough` of them where it has as many. @returns how many they are */
  #bufferIds(text: string, buffer: IdBuffer, enough: number): number {
    checkText("encodeIds", text);
    buffer.length = 0;
    this.#appendIds(text, buffer, enough);
    return buffer.length;
  }

  #appendIds(text: string, out: IdBuffer, enough: number): void {
    const fast = this.#fast;
    if (fast === null) {
      this.#appendIdsInFull(wellFormed(text), out);
      return;
    }
    if (!fast.mayHoldAddedTokens(text)) {
      if (!fast.append(text, out, enough)) this.#appendIdsInFull(wellFormed(text), out);
      return;
    }
    const whole = wellFormed(text);
    for (const { start, end, id } of this.#parts.addedVocabulary.matchRaw(whole)) {
      if (out.length >= enough) return;
      if (id !== null) {
        out.push(id);
        continue;
      }
      if (fast.append(whole.slice(start, end), out, enough)) continue;
      out.length = 0;
      this.#appendIdsInFull(whole, out);
      return;
    }
  }

  #appendIdsInFull(text: string, out: IdBuffer): void {
    const { preTokenizer } = this.#parts;
    const whole = preTokenizer?.asksForOrigins ? NormalizedString.of(text) : new PlainText(text);
    appendIds(this.#parts, whole, out);
  }

  #encodeOne(text: string, sequence: 0 | 1, limit: TokenLimit | null): Encoding {
    const { addedVocabulary, normalizer, preTokenizer, model } = this.#parts;
    const pieces = addedVocabulary.extract(NormalizedString.of(wellFormed(text)), normalizer);
    preTokenizer?.preTokenize(pieces);
    pieces.tokenize((word) => this.#words.tokenize(model, word), limit);
    return toEncoding(pieces, sequence);
  }

  #encode(
    text: string,
    pair: string | undefined,
    addSpecialTokens: boolean,
    truncation: Truncation | null,
  ): Encoding {
    // As the reference: what is going to be truncated is not tokenized.
    const limit = truncation === null ? null : { tokens: truncation.maxLength, direction: truncation.side };
    const first = this.#encodeOne(text, 0, truncation?.strategy === "only_second" ? null : limit);
    const second = pair === undefined ? null : this.#encodeOne(pair, 1, limit);

    if (truncation !== null) {
      const added = addSpecialTokens ? this.addedTokens(second !== null) : 0;
      if (truncation.maxLength < added) {
        throw noRoom(added, truncation.maxLength);
      }
      truncate(first, second, { ...truncation, maxLength: truncation.maxLength - added });
    }

    const joined = new Encoding();
    const encodings = second === null ? [first] : [first, second];
    for (const encoding of this.#process(encodings, addSpecialTokens)) joined.merge(encoding);
    return joined;
  }

  /** Puts special tokens around the texts, and says which tokens are of which type. */
  #process(encodings: readonly Encoding[], addSpecialTokens: boolean): readonly Encoding[] {
    const { postProcessor } = this.#parts;
    for (const [i, encoding] of encodings.entries()) {
      encoding.setSequence(i);
      if (postProcessor === null) continue;
      for (const part of encoding.overflowing) part.setSequence(i);
      encoding.setTypeIds(i);
    }
    return postProcessor?.process(encodings, addSpecialTokens) ?? encodings;
  }

  #strategies(options: StrategyOptions): Strategies {
    const { padTokenTypeId, specialTokens } = this.#settings;
    const token = specialTokens.padToken;
    const id = this.padTokenId;
    const padToken = token === undefined || id === undefined ? null : { token, id, typeId: padTokenTypeId };
    return strategiesFor(options, { ...this.#settings, padToken });
  }

  // ── Tokens to text ────────────────────────────────────────────────────────────────────────────────

  /** The text of token ids. Ids that the vocabulary does not have are left out. */
  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    options = readOptions("decode", options, decodeOptionNames);
    const { addedVocabulary, decoder, model } = this.#parts;
    if (typeof ids?.[Symbol.iterator] !== "function") {
      throw new ArgumentError("decode: expected ids, as an array or the `data` of a tensor", {
        subject: "ids",
      });
    }
    const tokens: string[] = [];
    for (const id of ids) {
      if (typeof id !== "number") {
        throw new ArgumentError(`decode: expected ids as numbers, got ${describe(id)}`, { subject: "ids" });
      }
      const token = this.idToToken(id);
      if (token === undefined || (options.skipSpecialTokens && addedVocabulary.isSpecial(token))) continue;
      tokens.push(token);
    }
    const text = decoder === null ? tokens.join(" ") : decoder.decode(tokens).join("");
    const clean = options.cleanUpTokenizationSpaces ?? this.#settings.cleanUpTokenizationSpaces;
    return clean && model.type !== "BPE" ? cleanUpSpaces(text, false) : text;
  }

  decodeBatch(batch: Iterable<Iterable<number>>, options: DecodeOptions = {}): string[] {
    options = readOptions("decodeBatch", options, decodeOptionNames);
    return Array.from(batch, (ids) => this.decode(ids, options));
  }
}

/** Those of `count` ids that truncation leaves. */
function keptIds(buffer: IdBuffer, count: number, left: boolean): IdRange {
  const start = left ? buffer.length - count : 0;
  return { buffer, start, end: start + count };
}

function checkText(operation: string, text: unknown): void {
  if (typeof text !== "string")
    throw new ArgumentError(`${operation}: expected a string, got ${describe(text)}`, { subject: "text" });
}

function noRoom(added: number, maxLength: number): ArgumentError {
  return new ArgumentError(`maxLength: expected at least ${added} (the special tokens), got ${maxLength}`, {
    code: "limit-too-small",
    subject: "maxLength",
  });
}
