import { FormatError, UnsupportedError } from "../errors.ts";
import { type AddedToken, AddedVocabulary } from "./added-vocabulary.ts";
import type { Decoder, Model, Normalizer, PostProcessor, PreTokenizer } from "./component.ts";
import { WordPiece as WordPieceDecoder } from "./decoders/word-piece.ts";
import { isTokenId, type Json, JsonFields, parseJson } from "./json-fields.ts";
import { Vocabulary } from "./models/vocabulary.ts";
import { WordPiece } from "./models/word-piece.ts";
import { BertNormalizer } from "./normalizers/bert-normalizer.ts";
import { Lowercase } from "./normalizers/lowercase.ts";
import { NFD } from "./normalizers/nfd.ts";
import { Sequence as NormalizerSequence } from "./normalizers/sequence.ts";
import type { Padding } from "./padding.ts";
import { BertProcessing, type SpecialToken } from "./post-processors/bert-processing.ts";
import { RobertaProcessing } from "./post-processors/roberta-processing.ts";
import { type TemplatePiece, TemplateProcessing } from "./post-processors/template-processing.ts";
import { BertPreTokenizer } from "./pre-tokenizers/bert-pre-tokenizer.ts";
import type { TokenizerParts } from "./tokenizer.ts";
import type { Truncation } from "./truncation.ts";

/** Longer added tokens are refused: looking for them could take quadratic time. */
const LONGEST_ADDED_TOKEN = 8192;

/** Sequences of sequences beyond this are refused. */
const DEEPEST = 64;

/** Makes a component of its fields, by the JSON's `type`. */
type Constructors<T> = { readonly [type: string]: (fields: JsonFields) => T };

const normalizers: Constructors<Normalizer> = {
  BertNormalizer: (fields) =>
    new BertNormalizer({
      cleanText: fields.boolean("clean_text"),
      handleChineseChars: fields.boolean("handle_chinese_chars"),
      stripAccents: fields.nullableBoolean("strip_accents"),
      lowercase: fields.boolean("lowercase"),
    }),
  Lowercase: () => new Lowercase(),
  NFD: () => new NFD(),
  Sequence: (fields) => new NormalizerSequence(fields.objects("normalizers").map(readNormalizer)),
};

const preTokenizers: Constructors<PreTokenizer> = {
  BertPreTokenizer: () => new BertPreTokenizer(),
};

const models: Constructors<Model> = {
  WordPiece: (fields) =>
    new WordPiece({
      vocabulary: readVocabulary(fields),
      unkToken: fields.string("unk_token"),
      continuingSubwordPrefix: fields.string("continuing_subword_prefix"),
      maxInputCharsPerWord: fields.count("max_input_chars_per_word"),
    }),
};

const postProcessors: Constructors<PostProcessor> = {
  BertProcessing: (fields) =>
    new BertProcessing(readSpecialToken(fields, "sep"), readSpecialToken(fields, "cls")),
  RobertaProcessing: (fields) =>
    new RobertaProcessing({
      sep: readSpecialToken(fields, "sep"),
      cls: readSpecialToken(fields, "cls"),
      trimOffsets: fields.boolean("trim_offsets"),
      addPrefixSpace: fields.boolean("add_prefix_space"),
    }),
  TemplateProcessing: readTemplateProcessing,
};

const decoders: Constructors<Decoder> = {
  WordPiece: (fields) => new WordPieceDecoder(fields.string("prefix"), fields.boolean("cleanup")),
};

/** A component of tokenizer.json. @throws UnsupportedError where its type is not known. */
export function readNormalizer(fields: JsonFields): Normalizer {
  return construct(normalizers, fields, "normalizer");
}

function construct<T>(constructors: Constructors<T>, fields: JsonFields, kind: string): T {
  const type = fields.string("type");
  const make = Object.hasOwn(constructors, type) ? constructors[type] : undefined;
  if (make === undefined) {
    throw new UnsupportedError(`${fields.file}: "${fields.path}": the ${kind} "${type}" is not known`);
  }
  if (fields.path.split(".").length > DEEPEST) {
    throw new FormatError(`"${fields.path.slice(0, 80)}…": nested too deeply`, { file: fields.file });
  }
  return make(fields);
}

/**
 * The parts that tokenizer.json describes, as it describes them.
 * @throws FormatError where the file is broken, UnsupportedError where it names a part that is not known
 */
export function partsFromJson(bytes: Uint8Array, file = "tokenizer.json"): TokenizerParts {
  return partsFromFields(new JsonFields(parseJson(bytes, file), file, ""));
}

/** As {@link partsFromJson}, of a file that is parsed already. */
export function partsFromFields(fields: JsonFields): TokenizerParts {
  const version = fields.get("version");
  if (fields.has("version") && version !== "1.0") throw fields.wrong("version", '"1.0"');
  const normalizer = optional(fields, "normalizer", readNormalizer);
  const model = construct(models, fields.object("model"), "model");
  const addedVocabulary = new AddedVocabulary(false);
  addedVocabulary.add(readAddedTokens(fields), model, normalizer);
  return {
    addedVocabulary,
    normalizer,
    preTokenizer: optional(fields, "pre_tokenizer", (part) =>
      construct(preTokenizers, part, "pre-tokenizer"),
    ),
    model,
    postProcessor: optional(fields, "post_processor", (part) =>
      construct(postProcessors, part, "post-processor"),
    ),
    decoder: optional(fields, "decoder", (part) => construct(decoders, part, "decoder")),
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

function optional<T>(fields: JsonFields, name: string, read: (part: JsonFields) => T): T | null {
  return fields.get(name) === null ? null : read(fields.object(name));
}

/** The `added_tokens` of tokenizer.json, in the file's order. */
export function readAddedTokens(fields: JsonFields): AddedToken[] {
  if (!fields.has("added_tokens")) return [];
  return fields.objects("added_tokens").map((token) => {
    token.id("id");
    return readAddedToken(token);
  });
}

export function readAddedToken(fields: JsonFields): AddedToken {
  const content = fields.string("content");
  if (content.length > LONGEST_ADDED_TOKEN) {
    throw new UnsupportedError(
      `${fields.file}: "${fields.pathOf("content")}": added tokens longer than ${LONGEST_ADDED_TOKEN} characters are not supported, it has ${content.length}`,
    );
  }
  return {
    content,
    singleWord: fields.boolean("single_word"),
    lstrip: fields.boolean("lstrip"),
    rstrip: fields.boolean("rstrip"),
    normalized: fields.boolean("normalized"),
    special: fields.boolean("special"),
  };
}

/** The field `vocab`: an object of token → id. */
function readVocabulary(fields: JsonFields): Vocabulary {
  return new Vocabulary(vocabularyEntries(fields.object("vocab")));
}

function vocabularyEntries(vocab: JsonFields): [string, number][] {
  return vocab.keys().map((token) => {
    const id = vocab.get(token);
    if (!isTokenId(id)) throw vocab.wrong(token, "a token id");
    return [token, id];
  });
}

function readSpecialToken(fields: JsonFields, name: string): SpecialToken {
  const pair = fields.array(name);
  const [token, id] = pair;
  if (pair.length !== 2 || typeof token !== "string" || !isTokenId(id)) {
    throw fields.wrong(name, "a token and its id");
  }
  return [token, id];
}

function readTemplateProcessing(fields: JsonFields): TemplateProcessing {
  const tokens = fields.object("special_tokens");
  const special = new Map<string, SpecialToken[]>();
  for (const name of tokens.keys()) special.set(name, readTemplateTokens(tokens.object(name)));
  return new TemplateProcessing(
    readTemplate(fields, "single", special),
    readTemplate(fields, "pair", special),
  );
}

function readTemplateTokens(fields: JsonFields): SpecialToken[] {
  const ids = fields.array("ids");
  const names = fields.array("tokens");
  if (ids.length !== names.length) {
    throw fields.wrong("ids", `as many ids as there are tokens (${names.length})`);
  }
  return ids.map((id, i) => {
    const name = names[i]!;
    if (!isTokenId(id)) throw fields.wrong("ids", "token ids");
    if (typeof name !== "string") throw fields.wrong("tokens", "strings");
    return [name, id];
  });
}

function readTemplate(
  fields: JsonFields,
  name: string,
  special: ReadonlyMap<string, readonly SpecialToken[]>,
): TemplatePiece[] {
  return fields.objects(name).map((piece) => {
    const [kind] = piece.keys();
    if (piece.keys().length !== 1 || (kind !== "Sequence" && kind !== "SpecialToken")) {
      throw new FormatError(`"${piece.path}": expected "Sequence" or "SpecialToken", found ${piece.keys()}`, {
        file: piece.file,
      });
    }
    const inner = piece.object(kind);
    const typeId = inner.id("type_id");
    if (kind === "Sequence") {
      const sequence = inner.oneOf("id", ["A", "B"]) === "A" ? 0 : 1;
      if (sequence === 1 && name === "single") throw inner.wrong("id", '"A", there is no other in "single"');
      return { sequence, typeId };
    }
    const tokens = special.get(inner.string("id"));
    if (tokens === undefined) throw inner.wrong("id", 'a name of "special_tokens"');
    return { tokens, typeId };
  });
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
