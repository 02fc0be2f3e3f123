import { ByteLevel as ByteLevelDecoder } from "../decoders/byte-level.ts";
import { NFC } from "../normalizers/nfc.ts";
import { RobertaProcessing } from "../post-processors/roberta-processing.ts";
import { ByteLevel } from "../pre-tokenizers/byte-level.ts";
import { Sequence } from "../pre-tokenizers/sequence.ts";
import { Split } from "../pre-tokenizers/split.ts";
import { RegexPattern } from "../regex/pattern.ts";
import { beginAndEnd, savedPostProcessor } from "./begin-and-end.ts";
import { definedTokens, orDefault } from "./bert-tokenizer.ts";
import { BPE_FILES, readBpeModel } from "./bpe-files.ts";
import type { ClassPipeline, PretrainedClass, VocabularyFiles } from "./pretrained-class.ts";
import type { PretrainedSettings } from "./settings.ts";

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
    return {
      ...byteLevelParts(files, addPrefixSpace),
      normalizer: null,
      specialTokens,
      postProcessor: (roles) =>
        new RobertaProcessing({
          sep: roles.get("sepToken", "tokens"),
          cls: roles.get("clsToken", "tokens"),
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
      postProcessor: (roles) => savedPostProcessor(files) ?? beginAndEnd(files, settings, roles),
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
      postProcessor: (roles) => beginAndEnd(files, settings, roles),
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
      dropsFlags: true,
      postProcessor: (roles) => savedPostProcessor(files) ?? beginAndEnd(files, settings, roles),
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
