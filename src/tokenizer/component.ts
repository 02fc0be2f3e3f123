import type { Encoding } from "./encoding.ts";
import type { IdBuffer } from "./fast/id-buffer.ts";
import type { EditableText } from "./text/editable-text.ts";
import type { PreTokenizedString } from "./text/pre-tokenized-string.ts";
import type { Token } from "./token.ts";

/** Changes the text before anything else, keeping track of where each character came from. */
export interface Normalizer {
  normalize(text: EditableText): void;

  /**
   * Whether the result for a text is the results for its code points, one after the other (but for the
   * order of combining marks that are kept: {@link reordersMarks}). The fast path tabulates such a normalizer.
   */
  readonly characterwise: boolean;

  /**
   * Whether a text may be cut before a single space between two ordinary characters (letters, numbers,
   * punctuation), the parts normalized, and the results joined.
   */
  readonly separable: boolean;

  /** Whether combining marks change places, as canonical ordering asks. */
  readonly reordersMarks: boolean;
}

/** Cuts the normalized text into words. */
export interface PreTokenizer {
  preTokenize<T extends EditableText>(text: PreTokenizedString<T>): void;

  /** Whether it asks where a text begins in the original ({@link EditableText.beginsOriginal}). */
  readonly asksForOrigins: boolean;

  /** As {@link Normalizer.separable}: whether words do not depend on what lies beyond such a space. */
  readonly separable: boolean;
}

/** Cuts a word into tokens of a vocabulary. */
export interface Model {
  /** The JSON's `type`. */
  readonly type: string;

  /** Tokens in the model's own vocabulary, added tokens not counted. */
  readonly vocabSize: number;

  /** @throws FormatError where the word needs the unknown token and the vocabulary has none. */
  tokenize(word: string): readonly Token[];

  /** The ids alone. */
  appendIds(word: string, out: IdBuffer): void;

  tokenToId(token: string): number | undefined;

  idToToken(id: number): string | undefined;
}

/** Adds special tokens around one encoding, or around a pair and joins it. */
export interface PostProcessor {
  /** How many tokens {@link process} adds to one encoding or to a pair. */
  addedTokens(isPair: boolean): number;

  /** One encoding or two in; any number out, which the caller joins in order. */
  process(encodings: readonly Encoding[], addSpecialTokens: boolean): readonly Encoding[];
}

/** Turns tokens back into text: the results of all tokens are joined. */
export interface Decoder {
  decode(tokens: readonly string[]): readonly string[];
}
