import type { PostProcessor } from "../component.ts";
import { ByteLevel as ByteLevelDecoder } from "../decoders/byte-level.ts";
import { readPostProcessor } from "../json/post-processors.ts";
import { NFC } from "../normalizers/nfc.ts";
import { RobertaProcessing } from "../post-processors/roberta-processing.ts";
import { type TemplatePiece, TemplateProcessing } from "../post-processors/template-processing.ts";
import { ByteLevel } from "../pre-tokenizers/byte-level.ts";
import { Sequence } from "../pre-tokenizers/sequence.ts";
import { Split } from "../pre-tokenizers/split.ts";
import { RegexPattern } from "../regex/pattern.ts";
import { definedTokens, orDefault } from "./bert-tokenizer.ts";
import { BPE_FILES, readBpeModel } from "./bpe-files.ts";
import type { ClassPipeline, PretrainedClass, TokenIds, VocabularyFiles } from "./pretrained-class.ts";
import { contentOf, type PretrainedSettings } from "./settings.ts";

const shared = { vocabularyFiles: BPE_FILES, modelInputNames: ["input_ids", "attention_mask"] };

/** transformers v5.18, models/roberta/tokenization_roberta.py. */
export const RobertaTokenizer: PretrainedClass = {
  ...shared,
  build: (files, settings) => {
    const token = (field: string, otherwise: string) => orDefault(settings.specialToken(field), otherwise);
    const addPrefixSpace = settings.config.boolean("add_prefix_space", false);
    const trimOffsets = settings.config.boolean("trim_offsets", true);
    const specialTokens = definedTokens({
      bosToken: token("bos_token", "<s>"),
      eosToken: token("eos_token", "</s>"),
      unkToken: token("unk_token", "<unk>"),
      sepToken: token("sep_token", "</s>"),
      padToken: token("pad_token", "<pad>"),
      clsToken: token("cls_token", "<s>"),
      maskToken: token("mask_token", "<mask>"),
    });
    const sep = contentOf(specialTokens.sepToken) ?? "None"; // what Python's str() makes of a null
    const cls = contentOf(specialTokens.clsToken) ?? "None";
    return {
      ...byteLevelParts(files, addPrefixSpace),
      normalizer: null,
      specialTokens,
      postProcessor: (ids) =>
        new RobertaProcessing({
          sep: [sep, ids.id(sep, 0)],
          cls: [cls, ids.id(cls, 0)],
          trimOffsets,
          addPrefixSpace,
        }),
    };
  },
};

/** transformers v5.18, models/gpt2/tokenization_gpt2.py. */
export const GPT2Tokenizer: PretrainedClass = {
  ...shared,
  build: (files, settings) => {
    const token = (field: string) => orDefault(settings.specialToken(field), "<|endoftext|>");
    const specialTokens = definedTokens({
      bosToken: token("bos_token"),
      eosToken: token("eos_token"),
      unkToken: token("unk_token"),
      ...rolesWithoutDefault(settings, "pad_token"),
    });
    return {
      ...byteLevelParts(files, settings.config.boolean("add_prefix_space", false)),
      normalizer: null,
      specialTokens,
      postProcessor: (ids) =>
        savedPostProcessor(files) ?? bosEosTemplate(files, settings, specialTokens, ids),
    };
  },
};

/** transformers v5.18, models/gpt_neox/tokenization_gpt_neox.py: the post-processor of tokenizer.json does not count. */
export const GPTNeoXTokenizer: PretrainedClass = {
  ...shared,
  build: (files, settings) => {
    const token = (field: string, otherwise: string) => orDefault(settings.specialToken(field), otherwise);
    const specialTokens = definedTokens({
      bosToken: token("bos_token", "<|endoftext|>"),
      eosToken: token("eos_token", "<|endoftext|>"),
      unkToken: token("unk_token", "<|endoftext|>"),
      padToken: token("pad_token", "<|padding|>"),
      ...rolesWithoutDefault(settings),
    });
    return {
      ...byteLevelParts(files, settings.config.boolean("add_prefix_space", false)),
      normalizer: new NFC(),
      specialTokens,
      postProcessor: (ids) => bosEosTemplate(files, settings, specialTokens, ids),
    };
  },
};

/** PRETOKENIZE_REGEX of transformers' models/qwen2/tokenization_qwen2.py. */
const QWEN_WORDS =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** transformers v5.18, models/qwen2/tokenization_qwen2.py. */
export const Qwen2Tokenizer: PretrainedClass = {
  ...shared,
  build: (files, settings) => {
    const token = (field: string) => orDefault(settings.specialToken(field), "<|endoftext|>");
    const specialTokens = definedTokens({
      eosToken: token("eos_token"),
      unkToken: token("unk_token"),
      padToken: token("pad_token"),
      ...rolesWithoutDefault(settings, "bos_token"),
    });
    const addPrefixSpace = settings.config.nullableBoolean("add_prefix_space") ?? false;
    return {
      ...byteLevelParts(files, addPrefixSpace),
      preTokenizer: new Sequence([
        new Split(new RegexPattern(QWEN_WORDS), "Isolated", false),
        new ByteLevel(addPrefixSpace, false),
      ]),
      normalizer: new NFC(),
      specialTokens,
      postProcessor: (ids) =>
        savedPostProcessor(files) ?? bosEosTemplate(files, settings, specialTokens, ids),
    };
  },
};

function byteLevelParts(
  files: VocabularyFiles,
  addPrefixSpace: boolean,
): Pick<ClassPipeline, "preTokenizer" | "model" | "decoder"> {
  return {
    preTokenizer: new ByteLevel(addPrefixSpace, true),
    model: readBpeModel(files),
    decoder: new ByteLevelDecoder(),
  };
}

/** The roles for which the class names no token, where the settings do. */
function rolesWithoutDefault(settings: PretrainedSettings, ...more: readonly ("bos_token" | "pad_token")[]) {
  const fields = [...more, "sep_token", "cls_token", "mask_token"] as const;
  const names = {
    bos_token: "bosToken",
    pad_token: "padToken",
    sep_token: "sepToken",
    cls_token: "clsToken",
    mask_token: "maskToken",
  };
  return Object.fromEntries(fields.map((field) => [names[field], settings.specialToken(field)]));
}

function savedPostProcessor({ tokenizerJson }: VocabularyFiles): PostProcessor | null {
  if (tokenizerJson === null || tokenizerJson.get("post_processor") === null) return null;
  return readPostProcessor(tokenizerJson.object("post_processor"));
}

/** The text between the tokens that add_bos_token and add_eos_token ask for; beside a tokenizer.json they do not count. */
function bosEosTemplate(
  { tokenizerJson }: VocabularyFiles,
  { config }: PretrainedSettings,
  { bosToken, eosToken }: ClassPipeline["specialTokens"],
  ids: TokenIds,
): TemplateProcessing {
  const asked = (field: string) => tokenizerJson === null && config.boolean(field, false);
  const special = (content: string | undefined, typeId: number): TemplatePiece[] =>
    content === undefined ? [] : [{ tokens: [[content, ids.id(content, 0)]], typeId }];
  const bos = asked("add_bos_token") ? contentOf(bosToken) : undefined;
  const eos = asked("add_eos_token") ? contentOf(eosToken) : undefined;
  const part = (sequence: 0 | 1): TemplatePiece[] => [
    ...special(bos, sequence),
    { sequence, typeId: sequence },
    ...special(eos, sequence),
  ];
  return new TemplateProcessing(part(0), [...part(0), ...part(1)]);
}
