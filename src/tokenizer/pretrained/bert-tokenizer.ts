import type { PostProcessor } from "../component.ts";
import { WordPiece as WordPieceDecoder } from "../decoders/word-piece.ts";
import { WordPiece } from "../models/word-piece.ts";
import { BertNormalizer } from "../normalizers/bert-normalizer.ts";
import { BertPreTokenizer } from "../pre-tokenizers/bert-pre-tokenizer.ts";
import { bertTemplate } from "./begin-and-end.ts";
import type { ClassPipeline, PretrainedClass, VocabularyFiles } from "./pretrained-class.ts";
import type { RoleTokens } from "./role-tokens.ts";
import { contentOf, type PretrainedSettings, tokensOf } from "./settings.ts";
import { readVocabulary } from "./vocabulary-source.ts";

const BERT_TOKENS = {
  unk_token: "[UNK]",
  sep_token: "[SEP]",
  pad_token: "[PAD]",
  cls_token: "[CLS]",
  mask_token: "[MASK]",
};

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
  overFile: (settings) => ({ specialTokens: tokensOf(settings, BERT_TOKENS), postProcessor: template }),
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
  const specialTokens = tokensOf(settings, BERT_TOKENS);
  return {
    ...bertParts(files, settings, contentOf(specialTokens.unkToken) ?? "None", lowercase),
    specialTokens,
    postProcessor: template,
  };
}

function template(roles: RoleTokens): PostProcessor {
  return bertTemplate(roles.get("clsToken", "string", 2), roles.get("sepToken", "string", 3));
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
