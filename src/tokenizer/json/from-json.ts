import { UnsupportedError } from "../../errors.ts";
import { ConfigReader } from "../../files/config-reader.ts";
import { TOKENIZER } from "../../files/model-files.ts";
import { parseJson } from "../../files/read-json.ts";
import { type AddedToken, AddedVocabulary } from "../added-vocabulary.ts";
import type { Padding } from "../padding.ts";
import type { TokenizerParts } from "../tokenizer.ts";
import type { Truncation } from "../truncation.ts";
import { readDecoder } from "./decoders.ts";
import { readModel } from "./models.ts";
import { readNormalizer } from "./normalizers.ts";
import { readPostProcessor } from "./post-processors.ts";
import { readPreTokenizer } from "./pre-tokenizers.ts";
import { readTokenId } from "./token-id.ts";

/** Longer added tokens are refused: looking for them could take quadratic time. */
const LONGEST_ADDED_TOKEN = 8192;

/**
 * The parts that tokenizer.json describes, as it describes them.
 * @throws FormatError where the file is broken, UnsupportedError where it names a part that is not known
 */
export function partsFromJson(bytes: Uint8Array, file = TOKENIZER): TokenizerParts {
  return partsFromFields(new ConfigReader(parseJson(bytes, file), file));
}

/** As {@link partsFromJson}, of a file that is parsed already. */
export function partsFromFields(fields: ConfigReader): TokenizerParts {
  if (fields.hasOwn("version") && fields.get("version") !== "1.0") throw fields.wrong("version", '"1.0"');
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
export function readSavedTruncation(fields: ConfigReader): Truncation | null {
  return optional(fields, "truncation", readTruncation);
}

/** The `padding` of tokenizer.json. */
export function readSavedPadding(fields: ConfigReader): Padding | null {
  return optional(fields, "padding", readPadding);
}

/** What a field that may be null or missing holds. */
export function optional<T>(fields: ConfigReader, name: string, read: (part: ConfigReader) => T): T | null {
  const part = fields.nullableObject(name);
  return part && read(part);
}

/** The `added_tokens` of tokenizer.json, in the file's order. */
export function readAddedTokens(fields: ConfigReader): AddedToken[] {
  if (!fields.hasOwn("added_tokens")) return [];
  return fields.objects("added_tokens").map((token) => {
    readTokenId(token, "id");
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
export function readContent(token: ConfigReader): string {
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

function readTruncation(fields: ConfigReader): Truncation {
  const strategy = fields.oneOf("strategy", ["LongestFirst", "OnlyFirst", "OnlySecond"]);
  return {
    maxLength: fields.integer("max_length"),
    strategy: STRATEGIES[strategy],
    stride: fields.integer("stride"),
    side: fields.oneOf("direction", ["Right", "Left"], "Right") === "Left" ? "left" : "right",
  };
}

function readPadding(fields: ConfigReader): Padding {
  let length: number | "longest" = "longest";
  const strategy = fields.get("strategy");
  if (strategy !== "BatchLongest") {
    if (strategy === null || typeof strategy !== "object") {
      throw fields.wrong("strategy", '"BatchLongest" or { "Fixed": length }');
    }
    length = fields.object("strategy").integer("Fixed");
  }
  return {
    id: readTokenId(fields, "pad_id"),
    typeId: readTokenId(fields, "pad_type_id"),
    token: fields.string("pad_token"),
    length,
    multipleOf: fields.get("pad_to_multiple_of") === null ? null : fields.integer("pad_to_multiple_of"),
    side: fields.oneOf("direction", ["Right", "Left"]) === "Left" ? "left" : "right",
  };
}
