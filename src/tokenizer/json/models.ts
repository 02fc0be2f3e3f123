import { UnsupportedError } from "../../errors.ts";
import type { Model } from "../component.ts";
import { BPE } from "../models/bpe.ts";
import { Unigram } from "../models/unigram.ts";
import { Vocabulary } from "../models/vocabulary.ts";
import { WordLevel } from "../models/word-level.ts";
import { WordPiece } from "../models/word-piece.ts";
import { type Constructors, construct } from "./construct.ts";
import { isTokenId, type Json, JsonFields } from "./fields.ts";

const constructors: Constructors<Model> = {
  BPE: (fields) => {
    refuseDropout(fields);
    return new BPE({
      vocabulary: readVocabulary(fields),
      merges: readMerges(fields),
      unkToken: fields.nullableString("unk_token"),
      continuingSubwordPrefix: fields.nullableString("continuing_subword_prefix"),
      endOfWordSuffix: fields.nullableString("end_of_word_suffix"),
      fuseUnk: fields.nullableBoolean("fuse_unk") ?? false,
      byteFallback: fields.nullableBoolean("byte_fallback") ?? false,
      ignoreMerges: fields.nullableBoolean("ignore_merges") ?? false,
    });
  },
  Unigram: (fields) =>
    new Unigram({
      ...readScoredVocabulary(fields),
      unkId: fields.get("unk_id") === null ? null : fields.id("unk_id"),
      byteFallback: fields.boolean("byte_fallback", false),
    }),
  WordLevel: (fields) => new WordLevel(readVocabulary(fields), fields.string("unk_token")),
  WordPiece: (fields) =>
    new WordPiece({
      vocabulary: readVocabulary(fields),
      unkToken: fields.string("unk_token"),
      continuingSubwordPrefix: fields.string("continuing_subword_prefix"),
      maxInputCharsPerWord: fields.count("max_input_chars_per_word"),
    }),
};

/** @throws UnsupportedError where its type is not known, FormatError where a field is wrong */
export function readModel(fields: JsonFields): Model {
  return fields.has("type")
    ? construct(constructors, fields, "model")
    : constructors[typeOfUntyped(fields)]!(fields);
}

/** What the first versions of the format did not say. */
function typeOfUntyped(fields: JsonFields): string {
  if (fields.has("merges")) return "BPE";
  if (fields.has("max_input_chars_per_word")) return "WordPiece";
  return Array.isArray(fields.get("vocab")) ? "Unigram" : "WordLevel";
}

function refuseDropout(fields: JsonFields): void {
  const dropout = fields.get("dropout");
  if (dropout === null || dropout === 0) return;
  if (typeof dropout !== "number") throw fields.wrong("dropout", "null or 0");
  throw new UnsupportedError(
    `"${fields.pathOf("dropout")}": dropout ${dropout} makes tokens random, which is not supported`,
    { code: "unsupported-setting", subject: fields.pathOf("dropout"), file: fields.file },
  );
}

/** The field `vocab`: an object of token → id. */
export function readVocabulary(fields: JsonFields): Vocabulary {
  const vocab = fields.object("vocab");
  const tokens = vocab.keys();
  const ids = new Int32Array(tokens.length);
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const id = vocab.own(token);
    if (!isTokenId(id)) throw vocab.wrong(token, "a token id");
    ids[i] = id;
  }
  return new Vocabulary(tokens, ids);
}

/** The field `vocab`: an array of [token, score], by id. */
export function readScoredVocabulary(fields: JsonFields): {
  readonly tokens: string[];
  readonly scores: Float64Array;
} {
  const vocab = fields.array("vocab");
  const tokens = new Array<string>(vocab.length);
  const scores = new Float64Array(vocab.length);
  for (let id = 0; id < vocab.length; id++) {
    const item = vocab[id]!;
    if (
      !Array.isArray(item) ||
      item.length !== 2 ||
      typeof item[0] !== "string" ||
      typeof item[1] !== "number"
    ) {
      const list = new JsonFields({ [id]: item }, fields.file, fields.pathOf("vocab"));
      throw list.wrong(String(id), "a token and its score");
    }
    tokens[id] = item[0];
    scores[id] = item[1];
  }
  return { tokens, scores };
}

/** The field `merges`: pairs, or the older lines with a space between two tokens. */
export function readMerges(fields: JsonFields): (readonly [string, string])[] {
  const merges: (readonly [string, string])[] = [];
  const list = fields.array("merges");
  const areLines = typeof list[0] === "string";
  for (const [i, item] of list.entries()) {
    if (areLines && typeof item === "string" && item.startsWith("#version")) continue;
    const pair: Json = areLines && typeof item === "string" ? item.split(" ") : item;
    if (
      !Array.isArray(pair) ||
      pair.length !== 2 ||
      typeof pair[0] !== "string" ||
      typeof pair[1] !== "string" ||
      areLines !== (typeof item === "string")
    ) {
      const holder = new JsonFields({ [i]: item }, fields.file, fields.pathOf("merges"));
      throw holder.wrong(String(i), "two tokens");
    }
    merges.push([pair[0], pair[1]]);
  }
  return merges;
}
