import { ByteLevel as ByteLevelDecoder } from "../decoders/byte-level.ts";
import { NFC } from "../normalizers/nfc.ts";
import { RobertaProcessing } from "../post-processors/roberta-processing.ts";
import { ByteLevel } from "../pre-tokenizers/byte-level.ts";
import { Sequence } from "../pre-tokenizers/sequence.ts";
import { Split } from "../pre-tokenizers/split.ts";
import { RegexPattern } from "../regex/pattern.ts";
import { beginAndEnd, savedPostProcessor } from "./begin-and-end.ts";
import { BPE_FILES, readBpeModel } from "./bpe-files.ts";
import type { ClassPipeline, PretrainedClass, VocabularyFiles } from "./pretrained-class.ts";
import { tokensOf } from "./settings.ts";

const shared = { vocabularyFiles: BPE_FILES, modelInputNames: ["input_ids", "attention_mask"] };

/** transformers v5.18, models/roberta/tokenization_roberta.py. */
export const RobertaTokenizer: PretrainedClass = {
  ...shared,
  build: (files, settings) => {
    const addPrefixSpace = settings.config.boolean("add_prefix_space", false);
    const trimOffsets = settings.config.boolean("trim_offsets", true);
    const specialTokens = tokensOf(settings, {
      bos_token: "<s>",
      eos_token: "</s>",
      unk_token: "<unk>",
      sep_token: "</s>",
      pad_token: "<pad>",
      cls_token: "<s>",
      mask_token: "<mask>",
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
    const specialTokens = tokensOf(settings, {
      bos_token: "<|endoftext|>",
      eos_token: "<|endoftext|>",
      unk_token: "<|endoftext|>",
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
    const specialTokens = tokensOf(settings, {
      bos_token: "<|endoftext|>",
      eos_token: "<|endoftext|>",
      unk_token: "<|endoftext|>",
      pad_token: "<|padding|>",
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
    const specialTokens = tokensOf(settings, {
      eos_token: "<|endoftext|>",
      unk_token: "<|endoftext|>",
      pad_token: "<|endoftext|>",
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
