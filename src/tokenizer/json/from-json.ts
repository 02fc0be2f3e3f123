import { UnsupportedError } from "../../errors.ts";
import { TOKENIZER } from "../../files/model-files.ts";
import { type AddedToken, AddedVocabulary } from "../added-vocabulary.ts";
import type { Padding } from "../padding.ts";
import type { TokenizerParts } from "../tokenizer.ts";
import type { Truncation } from "../truncation.ts";
import { readDecoder } from "./decoders.ts";
import { type Json, JsonFields, parseJson } from "./fields.ts";
import { readModel } from "./models.ts";
import { readNormalizer } from "./normalizers.ts";
import { readPostProcessor } from "./post-processors.ts";
import { readPreTokenizer } from "./pre-tokenizers.ts";

/** Longer added tokens are refused: looking for them could take quadratic time. */
const LONGEST_ADDED_TOKEN = 8192;

/**
 * The parts that tokenizer.json describes, as it describes them.
 * @throws FormatError where the file is broken, UnsupportedError where it names a part that is not known
 */
export function partsFromJson(bytes: Uint8Array, file = TOKENIZER): TokenizerParts {
  return partsFromFields(new JsonFields(parseJson(bytes, file), file, ""));
}

/** As {@link partsFromJson}, of a file that is parsed already. */
export function partsFromFields(fields: JsonFields): TokenizerParts {
  if (fields.has("version") && fields.get("version") !== "1.0") throw fields.wrong("version", '"1.0"');
  const normalizer = optional(fields, "normalizer", readNormalizer);
  const model = readModel(fields.object("model"));
  const addedVocabulary = new AddedVocabulary(false);
  addedVocabulary.add(readAddedTokens(fields), model, normalizer);
  return {
    addedVocabulary,
    normalizer,
    preTokenizer: optional(fields, "pre_tokenizer", readPreTokenizer),
    model,
    postProcessor: optional(fields, "post_processor", readPostProcessor),
    decoder: optional(fields, "decoder", readDecoder),
    savedTruncation: readSavedTruncation(fields),
    savedPadding: readSavedPadding(fields),
  };
}

/** The `truncation` of tokenizer.json. */
export function readSavedTruncation(fields: JsonFields): Truncation | null {
  return optional(fields, "truncation", readTruncation);
}

/** The `padding` of tokenizer.json. */
export function readSavedPadding(fields: JsonFields): Padding | null {
  return optional(fields, "padding", readPadding);
}

/** What a field that may be null or missing holds. */
export function optional<T>(fields: JsonFields, name: string, read: (part: JsonFields) => T): T | null {
  return fields.get(name) === null ? null : read(fields.object(name));
}

/** The `added_tokens` of tokenizer.json, in the file's order. */
export function readAddedTokens(fields: JsonFields): AddedToken[] {
  if (!fields.has("added_tokens")) return [];
  return fields.objects("added_tokens").map((token) => {
    token.id("id");
    return {
      content: readContent(token),
      singleWord: token.boolean("single_word"),
      lstrip: token.boolean("lstrip"),
      rstrip: token.boolean("rstrip"),
      normalized: token.boolean("normalized"),
      special: token.boolean("special"),
    };
  });
}

/** The `content` of an added token. */
export function readContent(token: JsonFields): string {
  const content = token.string("content");
  if (content.length > LONGEST_ADDED_TOKEN) {
    throw new UnsupportedError(
      `"${token.pathOf("content")}": expected at most ${LONGEST_ADDED_TOKEN} characters in an added token, found ${content.length}`,
      { code: "unsupported-setting", subject: token.pathOf("content"), file: token.file },
    );
  }
  return content;
}

const STRATEGIES = {
  LongestFirst: "longest_first",
  OnlyFirst: "only_first",
  OnlySecond: "only_second",
} as const;

function readTruncation(fields: JsonFields): Truncation {
  const strategy = fields.oneOf("strategy", ["LongestFirst", "OnlyFirst", "OnlySecond"]);
  return {
    maxLength: fields.count("max_length"),
    strategy: STRATEGIES[strategy],
    stride: fields.count("stride"),
    side: fields.oneOf("direction", ["Right", "Left"], "Right") === "Left" ? "left" : "right",
  };
}

function readPadding(fields: JsonFields): Padding {
  let length: number | "longest" = "longest";
  const strategy: Json = fields.get("strategy");
  if (strategy !== "BatchLongest") {
    if (strategy === null || typeof strategy !== "object") {
      throw fields.wrong("strategy", '"BatchLongest" or { "Fixed": length }');
    }
    length = fields.object("strategy").count("Fixed");
  }
  return {
    id: fields.id("pad_id"),
    typeId: fields.id("pad_type_id"),
    token: fields.string("pad_token"),
    length,
    multipleOf: fields.get("pad_to_multiple_of") === null ? null : fields.count("pad_to_multiple_of"),
    side: fields.oneOf("direction", ["Right", "Left"]) === "Left" ? "left" : "right",
  };
}
