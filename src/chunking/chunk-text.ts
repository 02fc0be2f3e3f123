import { type PromptChoice, type Prompts, resolvePrompt } from "../base-model/prompts.ts";
import { ArgumentError } from "../errors.ts";
import { checkWhole, describe } from "../runtime/check-arguments.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import { CutPositions, type TokenizedWords } from "./cut-positions.ts";

export interface ChunkTextOptions extends PromptChoice {
  /** How many tokens, at most, the end of a piece and the beginning of the next one share. Default: 0. */
  readonly overlap?: number | undefined;
  /** Tokens a piece, special tokens and prompt included. Default: the model's `maxSeqLength`. */
  readonly maxLength?: number | undefined;
}

const optionNames: OptionNames<ChunkTextOptions> = {
  overlap: true,
  maxLength: true,
  prompt: true,
  promptName: true,
};

/** What `chunkText` needs of a SentenceTransformer. */
export interface ChunkingModel {
  readonly maxSeqLength: number;
  readonly prompts: Prompts;
  readonly defaultPromptName: string | null;
  readonly tokenizer: {
    encode(text: string, options: { readonly addSpecialTokens: false }): TokenizedWords;
    /** Special tokens included. */
    countTokens(text: string): number;
  };
}

/** [start, end) in UTF-16 units. */
export type TextSpan = readonly [start: number, end: number];

/**
 * Cuts a long text into pieces that the model reads to their end, as long as they can be. Cuts lie between words
 * where a piece of at least half the length is possible that way, and never inside a token, a surrogate pair or,
 * where it can be helped, a character with its combining marks. Blanks stay at the end of a piece.
 *
 * @returns without overlap, pieces that are the text again when they are joined; the text where it fits as a whole
 * @throws ArgumentError where the prompt or the overlap leave no room, or a token needs more than there is
 */
export function chunkText(text: string, model: ChunkingModel, options: ChunkTextOptions = {}): string[] {
  return chunkSpans(text, model, options).map(([start, end]) => text.slice(start, end));
}

/** Where the pieces of `chunkText` lie in the text. */
export function chunkSpans(text: string, model: ChunkingModel, options: ChunkTextOptions = {}): TextSpan[] {
  if (typeof text !== "string")
    throw new ArgumentError(`chunkText: expected a string, got ${describe(text)}`, { subject: "text" });
  options = readOptions("chunkText", options, optionNames);
  const overlap = checkWhole(options.overlap ?? 0, "overlap", 0);
  const { maxLength = model.maxSeqLength } = options;
  if (maxLength !== Number.POSITIVE_INFINITY) checkWhole(maxLength, "maxLength", 1);
  const prompt = resolvePrompt(model.prompts, model.defaultPromptName, options) ?? "";
  const count = (piece: string): number => model.tokenizer.countTokens(prompt + piece);
  const room = maxLength - count("");
  if (room <= overlap) {
    throw new ArgumentError(
      `chunkText: overlap: expected less than the ${Math.max(0, room)} tokens that are left for the text of ${maxLength}, got ${overlap}`,
      { code: "overlap-too-large", subject: "overlap" },
    );
  }
  if (count(text) <= maxLength) return [[0, text.length]];
  const positions = new CutPositions(text, model.tokenizer.encode(text, { addSpecialTokens: false }));
  return new Chunker(text, positions, { room, overlap, maxLength, count }).spans();
}

interface Limits {
  /** Tokens of the text that fit beside special tokens and prompt. */
  readonly room: number;
  readonly overlap: number;
  readonly maxLength: number;
  /** The tokens of a piece by itself, special tokens and prompt included. */
  readonly count: (piece: string) => number;
}

class Chunker {
  readonly #text: string;
  readonly #positions: CutPositions;
  readonly #limits: Limits;

  constructor(text: string, positions: CutPositions, limits: Limits) {
    this.#text = text;
    this.#positions = positions;
    this.#limits = limits;
  }

  spans(): TextSpan[] {
    const spans: TextSpan[] = [];
    let start = 0;
    let covered = 0;
    while (covered < this.#text.length) {
      let end = this.#endOfPiece(start);
      if (end <= covered) {
        // What overlaps left no room for more.
        start = covered;
        end = this.#endOfPiece(start);
      }
      spans.push([start, end]);
      covered = end;
      start = this.#startOfNext(start, end);
    }
    return spans;
  }

  /** As far as a piece from `start` on can reach. */
  #endOfPiece(start: number): number {
    const { room, maxLength, count } = this.#limits;
    const positions = this.#positions;
    const first = positions.tokensBefore(start);
    // By itself a piece may have more tokens than inside the text: a word cut in two, a blank put in front.
    for (let tokens = room; tokens > 0; ) {
      const end = positions.lastCut(start, first, tokens);
      if (end === null) break;
      const excess = count(this.#text.slice(start, end)) - maxLength;
      if (excess <= 0) return end;
      tokens = Math.min(tokens, positions.tokensBefore(end) - first) - excess;
    }
    const end = positions.firstCutAfter(start);
    if (count(this.#text.slice(start, end)) <= maxLength) return end;
    throw new ArgumentError(
      `chunkText: the text at ${start} cannot be split between tokens into pieces of at most ${maxLength} tokens`,
      { code: "text-not-divisible" },
    );
  }

  /** `end`, or a place at most `overlap` tokens before it. */
  #startOfNext(start: number, end: number): number {
    const { overlap } = this.#limits;
    return overlap === 0 ? end : this.#positions.firstCut(start, end, overlap);
  }
}
