import { UnsupportedError } from "../../errors.ts";
import type { ConfigReader } from "../../files/config-reader.ts";
import type { AddedToken } from "../added-vocabulary.ts";
import { readScoredVocabulary } from "../json/models.ts";
import { readCharsmap } from "../json/normalizers.ts";
import { Precompiled } from "../normalizers/precompiled.ts";
import type { VocabularyFiles } from "./pretrained-class.ts";
import {
  isControl,
  isUserDefined,
  readSentencePieceModel,
  type SentencePieceModel,
} from "./sentencepiece-model.ts";
import { plainToken } from "./settings.ts";

/** What classes on Unigram take from tokenizer.json or from SentencePiece's own file. */
export interface UnigramSource {
  readonly tokens: readonly string[];
  readonly scores: ArrayLike<number>;
  readonly charsmap: Precompiled | null;
  /** What only SentencePiece's file says; null where tokenizer.json was read. */
  readonly own: {
    readonly unkId: number;
    /** Control and user-defined pieces, by id. */
    readonly addedTokens: readonly AddedToken[];
  } | null;
}

/** @throws FormatError where the file is broken, UnsupportedError for other algorithms than Unigram */
export function readUnigramSource({ tokenizerJson, own }: VocabularyFiles, path: string): UnigramSource {
  if (tokenizerJson !== null) {
    const model = tokenizerJson.object("model");
    return { ...readScoredVocabulary(model), charsmap: charsmapOf(tokenizerJson), own: null };
  }
  const model = readSentencePieceModel(own.get(path)!, path);
  if (model.algorithm !== "unigram") {
    throw new UnsupportedError(`this class is for Unigram, the file holds "${model.algorithm}"`, {
      code: "wrong-tokenizer-model",
      subject: model.algorithm,
      file: path,
    });
  }
  return {
    tokens: model.pieces.map(({ piece }) => piece),
    scores: model.pieces.map(({ score }) => score),
    charsmap: model.precompiledCharsmap.length === 0 ? null : new Precompiled(model.precompiledCharsmap),
    own: { unkId: model.unkId, addedTokens: addedTokensOf(model) },
  };
}

/** Control and user-defined pieces, as the reference adds them. */
export function addedTokensOf({ pieces }: SentencePieceModel): AddedToken[] {
  return pieces
    .filter((piece) => isControl(piece) || isUserDefined(piece))
    .map((piece) => plainToken(piece.piece, { normalized: false, special: isControl(piece) }));
}

/** The charsmap of the normalizer, or of the first of its parts that has one. */
function charsmapOf(tokenizerJson: ConfigReader): Precompiled | null {
  if (tokenizerJson.get("normalizer") === null) return null;
  const normalizer = tokenizerJson.object("normalizer");
  const parts = normalizer.get("type") === "Sequence" ? normalizer.objects("normalizers") : [normalizer];
  const found = parts.find(
    (part) => part.get("type") === "Precompiled" && part.hasOwn("precompiled_charsmap"),
  );
  return found === undefined ? null : new Precompiled(readCharsmap(found));
}
