import type { PostProcessor } from "../component.ts";
import { WordPiece as WordPieceDecoder } from "../decoders/word-piece.ts";
import { WordPiece } from "../models/word-piece.ts";
import { BertNormalizer } from "../normalizers/bert-normalizer.ts";
import { TemplateProcessing } from "../post-processors/template-processing.ts";
import { BertPreTokenizer } from "../pre-tokenizers/bert-pre-tokenizer.ts";
import type { ClassPipeline, PretrainedClass, VocabularyFiles } from "./pretrained-class.ts";
import type { RoleTokens } from "./role-tokens.ts";
import { contentOf, type PretrainedSettings, plainToken, type SpecialTokenSetting } from "./settings.ts";
import { readVocabulary } from "./vocabulary-source.ts";

/** transformers v5.18, models/bert/tokenization_bert.py. */
export const BertTokenizer: PretrainedClass = {
  vocabularyFiles: ["vocab.txt"],
  modelInputNames: ["input_ids", "token_type_ids", "attention_mask"],
  build: (files, settings) => bertPipeline(files, settings),
};

/** transformers v5.18, models/distilbert/tokenization_distilbert.py. */
export const DistilBertTokenizer: PretrainedClass = {
  ...BertTokenizer,
  modelInputNames: ["input_ids", "attention_mask"],
};

/**
 * transformers v5.18, models/convbert/tokenization_convbert.py and models/dpr/tokenization_dpr_fast.py: they inherit
 * BERT's constructor.
 */
export const ConvBertTokenizer: PretrainedClass = {
  ...BertTokenizer,
  overFile: (settings) => ({ specialTokens: bertTokens(settings), postProcessor: bertTemplate }),
};

/** transformers v5.18, models/dpr/tokenization_dpr.py: its constructor takes do_lower_case and drops it. */
export const DPRTokenizer: PretrainedClass = {
  ...BertTokenizer,
  build: (files, settings) => bertPipeline(files, settings, true),
};

function bertPipeline(
  files: VocabularyFiles,
  settings: PretrainedSettings,
  lowercase?: boolean,
): ClassPipeline {
  const specialTokens = bertTokens(settings);
  return {
    ...bertParts(files, settings, contentOf(specialTokens.unkToken) ?? "None", lowercase),
    specialTokens,
    postProcessor: bertTemplate,
  };
}

function bertTokens(settings: PretrainedSettings): ClassPipeline["specialTokens"] {
  const token = (field: string, otherwise: string) => orDefault(settings.specialToken(field), otherwise);
  return definedTokens({
    bosToken: settings.specialToken("bos_token"),
    eosToken: settings.specialToken("eos_token"),
    unkToken: token("unk_token", "[UNK]"),
    sepToken: token("sep_token", "[SEP]"),
    padToken: token("pad_token", "[PAD]"),
    clsToken: token("cls_token", "[CLS]"),
    maskToken: token("mask_token", "[MASK]"),
  });
}

function bertTemplate(roles: RoleTokens): PostProcessor {
  const sep = roles.get("sepToken", "string", 3);
  const first = { tokens: [roles.get("clsToken", "string", 2)], typeId: 0 };
  const end = (typeId: number) => ({ tokens: [sep], typeId });
  const text = (sequence: 0 | 1) => ({ sequence, typeId: sequence });
  return new TemplateProcessing([first, text(0), end(0)], [first, text(0), end(0), text(1), end(1)]);
}

/** The pipeline that BERT's relatives share. */
export function bertParts(
  files: VocabularyFiles,
  { config }: PretrainedSettings,
  unkToken: string,
  lowercase = config.boolean("do_lower_case", true),
): Pick<ClassPipeline, "normalizer" | "preTokenizer" | "model" | "decoder"> {
  return {
    normalizer: new BertNormalizer({
      cleanText: true,
      handleChineseChars: config.boolean("tokenize_chinese_chars", true),
      stripAccents: config.nullableBoolean("strip_accents"),
      lowercase,
    }),
    preTokenizer: new BertPreTokenizer(),
    model: new WordPiece({
      vocabulary: readVocabulary(files, "vocab.txt"),
      unkToken,
      continuingSubwordPrefix: "##",
      maxInputCharsPerWord: 100,
    }),
    decoder: new WordPieceDecoder("##", true),
  };
}

/** The token that the settings name (null where they say that there is none), else the class's. */
export function orDefault<T extends SpecialTokenSetting>(setting: SpecialTokenSetting, otherwise: T) {
  return setting === undefined ? otherwise : setting;
}

/** Leaves out the roles that have no token. */
export function definedTokens(tokens: {
  readonly [name: string]: SpecialTokenSetting;
}): ClassPipeline["specialTokens"] {
  return Object.fromEntries(
    Object.entries(tokens).filter(([, token]) => token !== null && token !== undefined),
  );
}

/** A string as an added token with flags. */
export function asAddedToken(token: SpecialTokenSetting, flags: { readonly lstrip?: boolean } = {}) {
  return typeof token === "string" ? plainToken(token, { special: true, ...flags }) : token;
}
