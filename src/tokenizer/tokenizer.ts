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
import { type Padding, pad } from "./padding.ts";
import { type Strategies, type StrategyOptions, strategiesFor } from "./strategies.ts";
import { PlainText } from "./text/editable-text.ts";
import { NormalizedString } from "./text/normalized-string.ts";
import { type TokenLimit, toEncoding } from "./text/pre-tokenized-string.ts";
import { TokenizedWords } from "./text/tokenized-words.ts";
import { wellFormed } from "./text/well-formed.ts";
import { type Truncation, truncate } from "./truncation.ts";

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

/** The ids that a template puts around one text. */
interface Frame {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/**
 * Text to token ids and back: added tokens, normalizer, pre-tokenizer, model, post-processor, as the
 * `tokenizers` library runs them. Offsets are in UTF-16 units; a lone surrogate counts as U+FFFD.
 */
export class Tokenizer {
  readonly #parts: TokenizerParts;
  readonly #settings: TokenizerSettings;
  readonly #fast: FastPath | null;
  readonly #frame: Frame | null;
  /** Whether the model is given other types than 0 for the tokens of one text, special ones included. */
  readonly hasTokenTypes: boolean;
  readonly #buffer = new IdBuffer();
  readonly #words = new TokenizedWords();

  constructor(parts: TokenizerParts, settings: Partial<TokenizerSettings> = {}) {
    this.#parts = parts;
    this.#settings = { ...DEFAULT_SETTINGS, ...settings };
    this.#fast = fastPath(parts);
    const probe = probeTokens(parts.postProcessor);
    this.#frame = frameOf(probe);
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
    return this.encodeIdsWithin(text, maxLength ?? Number.POSITIVE_INFINITY, addSpecialTokens).ids;
  }

  /** As {@link encodeIds} with a limit; says whether the text had more tokens than fit. */
  encodeIdsWithin(text: string, maxLength: number, addSpecialTokens = true): LimitedIds {
    checkText("encodeIds", text);
    const room = this.#room(maxLength, addSpecialTokens);
    const frame = addSpecialTokens ? this.#frame : NO_FRAME;
    if (frame === null) return this.#framedIds(text, maxLength);
    const buffer = this.#buffer;
    buffer.length = 0;
    const left = this.#settings.truncationSide === "left";
    this.#appendIds(text, buffer, left ? Number.POSITIVE_INFINITY : room + 1);
    const kept = Math.min(room, buffer.length);
    const start = left ? buffer.length - kept : 0;
    return {
      ids: buffer.copy(start, start + kept, frame.before, frame.after),
      truncated: buffer.length > room,
    };
  }

  /** How many ids {@link encodeIds} gives without a limit. */
  countTokens(text: string, options: CountTokensOptions = {}): number {
    const { addSpecialTokens = true } = readOptions("countTokens", options, countOptionNames);
    checkText("countTokens", text);
    const buffer = this.#buffer;
    buffer.length = 0;
    this.#appendIds(text, buffer, Number.POSITIVE_INFINITY);
    return buffer.length + (addSpecialTokens ? this.addedTokens() : 0);
  }

  /** How many tokens of the text fit. */
  #room(maxLength: number, addSpecialTokens: boolean): number {
    if (maxLength !== Number.POSITIVE_INFINITY) checkWhole(maxLength, "maxLength", 0);
    const added = addSpecialTokens ? this.addedTokens() : 0;
    if (maxLength < added) throw noRoom(added, maxLength);
    return maxLength - added;
  }

  /** Ids under a post-processor that does more than put ids around the text. */
  #framedIds(text: string, maxLength: number): LimitedIds {
    const { truncation } = this.#strategies(Number.isFinite(maxLength) ? { maxLength } : {});
    const { inputIds } = this.#encode(text, undefined, true, truncation);
    const whole = this.countTokens(text, { addSpecialTokens: false });
    return { ids: Int32Array.from(inputIds), truncated: whole > this.#room(maxLength, true) };
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

    const encodings = second === null ? [first] : [first, second];
    for (const [i, encoding] of encodings.entries()) {
      encoding.setSequence(i);
      if (this.#parts.postProcessor === null) continue;
      for (const part of encoding.overflowing) part.setSequence(i);
      encoding.setTypeIds(i);
    }
    const processed = this.#parts.postProcessor?.process(encodings, addSpecialTokens) ?? encodings;
    const joined = new Encoding();
    for (const encoding of processed) joined.merge(encoding);
    return joined;
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

const NO_FRAME: Frame = { before: [], after: [] };

/** What a post-processor makes of a text of one token, whose id is −1. */
function probeTokens(postProcessor: PostProcessor | null): readonly Encoding[] {
  const probe = new Encoding();
  probe.push({ id: -1, token: "", offsets: [0, 0], wordId: 0, typeId: 0, special: false });
  return postProcessor?.process([probe], true) ?? [probe];
}

/** What it puts around one text, null where it does something else as well. */
function frameOf(probe: readonly Encoding[]): Frame | null {
  const ids = probe.flatMap((encoding) => encoding.inputIds);
  const at = ids.indexOf(-1);
  if (at < 0 || ids.indexOf(-1, at + 1) >= 0) return null;
  return { before: ids.slice(0, at), after: ids.slice(at + 1) };
}

function checkText(operation: string, text: unknown): void {
  if (typeof text !== "string")
    throw new ArgumentError(`${operation}: expected a string, got ${typeof text}`, { subject: "text" });
}

function noRoom(added: number, maxLength: number): ArgumentError {
  return new ArgumentError(`maxLength: expected at least ${added} (the special tokens), got ${maxLength}`, {
    code: "limit-too-small",
    subject: "maxLength",
  });
}
