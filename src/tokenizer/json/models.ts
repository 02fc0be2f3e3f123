import { type FormatError, UnsupportedError } from "../../errors.ts";
import { ConfigReader } from "../../files/config-reader.ts";
import type { JsonValue } from "../../files/json-value.ts";
import type { Model } from "../component.ts";
import { BPE } from "../models/bpe.ts";
import { Unigram } from "../models/unigram.ts";
import { Vocabulary } from "../models/vocabulary.ts";
import { WordLevel } from "../models/word-level.ts";
import { WordPiece } from "../models/word-piece.ts";
import { type Constructors, construct } from "./construct.ts";
import { isTokenId, readTokenId } from "./token-id.ts";

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
      unkId: fields.get("unk_id") === null ? null : readTokenId(fields, "unk_id"),
      byteFallback: fields.boolean("byte_fallback", false),
    }),
  WordLevel: (fields) => new WordLevel(readVocabulary(fields), fields.string("unk_token")),
  WordPiece: (fields) =>
    new WordPiece({
      vocabulary: readVocabulary(fields),
      unkToken: fields.string("unk_token"),
      continuingSubwordPrefix: fields.string("continuing_subword_prefix"),
      maxInputCharsPerWord: fields.integer("max_input_chars_per_word"),
    }),
};

/** @throws UnsupportedError where its type is not known, FormatError where a field is wrong */
export function readModel(fields: ConfigReader): Model {
  return fields.hasOwn("type")
    ? construct(constructors, fields, "model")
    : constructors[typeOfUntyped(fields)]!(fields);
}

/** What the first versions of the format did not say. */
function typeOfUntyped(fields: ConfigReader): string {
  if (fields.hasOwn("merges")) return "BPE";
  if (fields.hasOwn("max_input_chars_per_word")) return "WordPiece";
  return Array.isArray(fields.get("vocab")) ? "Unigram" : "WordLevel";
}

function refuseDropout(fields: ConfigReader): void {
  const dropout = fields.get("dropout");
  if (dropout === null || dropout === 0) return;
  if (typeof dropout !== "number") throw fields.wrong("dropout", "null or 0");
  throw new UnsupportedError(
    `"${fields.pathOf("dropout")}": dropout ${dropout} makes tokens random, which is not supported`,
    { code: "unsupported-setting", subject: fields.pathOf("dropout"), file: fields.file },
  );
}

/** The field `vocab`: an object of token → id. */
export function readVocabulary(fields: ConfigReader): Vocabulary {
  const vocab = fields.object("vocab");
  const tokens = vocab.keys();
  const ids = new Int32Array(tokens.length);
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const id = vocab.json[token];
    if (!isTokenId(id)) throw vocab.wrong(token, "a token id");
    ids[i] = id;
  }
  return new Vocabulary(tokens, ids);
}

/** The field `vocab`: an array of [token, score], by id. */
export function readScoredVocabulary(fields: ConfigReader): {
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
      throw wrongItem(fields, "vocab", id, "a token and its score");
    }
    tokens[id] = item[0];
    scores[id] = item[1];
  }
  return { tokens, scores };
}

/** The field `merges`: pairs, or the older lines with a space between two tokens. */
export function readMerges(fields: ConfigReader): (readonly [string, string])[] {
  const merges: (readonly [string, string])[] = [];
  const list = fields.array("merges");
  const areLines = typeof list[0] === "string";
  for (const [i, item] of list.entries()) {
    if (areLines && typeof item === "string" && item.startsWith("#version")) continue;
    const pair: JsonValue = areLines && typeof item === "string" ? item.split(" ") : item;
    if (
      !Array.isArray(pair) ||
      pair.length !== 2 ||
      typeof pair[0] !== "string" ||
      typeof pair[1] !== "string" ||
      areLines !== (typeof item === "string")
    ) {
      throw wrongItem(fields, "merges", i, "two tokens");
    }
    merges.push([pair[0], pair[1]]);
  }
  return merges;
}

/** The error for an element of an array. */
function wrongItem(fields: ConfigReader, name: string, index: number, expected: string): FormatError {
  const list = new ConfigReader({ ...fields.array(name) }, fields.file, { path: fields.pathOf(name) });
  return list.wrong(String(index), expected);
}
