import { FormatError } from "../../errors.ts";
import { asFloat, type Field, fieldsOf } from "./protobuf.ts";

/** What a piece is for, by the numbers of sentencepiece_model.proto. */
const PIECE_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

export interface SentencePieceModel {
  /** By id. */
  readonly pieces: readonly { readonly piece: string; readonly score: number; readonly type: number }[];
  readonly algorithm: "unigram" | "bpe" | "word" | "char";
  readonly unkId: number;
  readonly byteFallback: boolean;
  /** Empty where the text is not normalized. */
  readonly precompiledCharsmap: Uint8Array;
}

const ALGORITHMS = ["unigram", "bpe", "word", "char"] as const;

/**
 * Reads a model file of SentencePiece (google/sentencepiece, src/sentencepiece_model.proto).
 * @throws FormatError where it is none
 */
export function readSentencePieceModel(bytes: Uint8Array, file: string): SentencePieceModel {
  const pieces: { piece: string; score: number; type: number }[] = [];
  let algorithm: SentencePieceModel["algorithm"] = "unigram";
  let unkId = 0;
  let byteFallback = false;
  let precompiledCharsmap = new Uint8Array(0);
  for (const field of fieldsOf(bytes, file)) {
    if (field.number === 1) {
      pieces.push(readPiece(inner(field, file), file));
    } else if (field.number === 2) {
      for (const { number, value } of fieldsOf(inner(field, file), file)) {
        if (number === 3) algorithm = algorithmOf(value, file);
        else if (number === 35) byteFallback = value !== 0;
        else if (number === 40) unkId = value;
      }
    } else if (field.number === 3) {
      for (const setting of fieldsOf(inner(field, file), file)) {
        if (setting.number === 2) precompiledCharsmap = inner(setting, file).slice();
      }
    }
  }
  if (pieces.length === 0)
    throw new FormatError("expected a model of SentencePiece, found no pieces", {
      code: "invalid-sentencepiece",
      file,
    });
  return { pieces, algorithm, unkId, byteFallback, precompiledCharsmap };
}

/** Whether a piece is for the user alone: text never becomes it. */
export function isControl({ type }: { readonly type: number }): boolean {
  return type === PIECE_TYPES.control;
}

/** Whether a piece is found in the text before everything else. */
export function isUserDefined({ type }: { readonly type: number }): boolean {
  return type === PIECE_TYPES.userDefined;
}

function readPiece(bytes: Uint8Array, file: string) {
  let piece = "";
  let score = 0;
  let type: number = PIECE_TYPES.normal;
  for (const field of fieldsOf(bytes, file)) {
    if (field.number === 1) piece = text(inner(field, file), file);
    else if (field.number === 2) score = asFloat(field.value);
    else if (field.number === 3) type = field.value;
  }
  return { piece, score, type };
}

function algorithmOf(value: number, file: string): SentencePieceModel["algorithm"] {
  const algorithm = ALGORITHMS[value - 1];
  if (algorithm === undefined)
    throw new FormatError(`model_type: expected 1 to 4, found ${value}`, {
      code: "invalid-sentencepiece",
      subject: "model_type",
      file,
    });
  return algorithm;
}

function inner({ number, bytes }: Field, file: string): Uint8Array {
  if (bytes === null)
    throw new FormatError(`field ${number}: expected bytes, found a number`, {
      code: "invalid-sentencepiece",
      file,
    });
  return bytes;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function text(bytes: Uint8Array, file: string): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new FormatError("a piece is not UTF-8", { code: "invalid-utf8", file, cause });
  }
}
