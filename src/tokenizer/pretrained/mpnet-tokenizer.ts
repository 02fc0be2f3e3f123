import { RobertaProcessing } from "../post-processors/roberta-processing.ts";
import { bertParts } from "./bert-tokenizer.ts";
import type { PretrainedClass } from "./pretrained-class.ts";
import { asAddedToken, contentOf, definedTokens, orDefault } from "./settings.ts";

/** transformers v5.18, models/mpnet/tokenization_mpnet.py. */
export const MPNetTokenizer: PretrainedClass = {
  vocabularyFiles: ["vocab.txt"],
  modelInputNames: ["input_ids", "attention_mask"],
  build: (files, settings) => {
    const token = (field: string, otherwise: string) =>
      asAddedToken(orDefault(settings.specialToken(field), otherwise));
    const specialTokens = definedTokens({
      bosToken: token("bos_token", "<s>"),
      eosToken: token("eos_token", "</s>"),
      unkToken: token("unk_token", "[UNK]"),
      sepToken: token("sep_token", "</s>"),
      padToken: token("pad_token", "<pad>"),
      clsToken: token("cls_token", "<s>"),
      // The mask token takes the space before it along.
      maskToken: asAddedToken(orDefault(settings.specialToken("mask_token"), "<mask>"), { lstrip: true }),
    });
    return {
      ...bertParts(files, settings, contentOf(specialTokens.unkToken) ?? "None"),
      specialTokens,
      postProcessor: (roles) =>
        new RobertaProcessing({
          sep: roles.get("sepToken", "tokens", 2),
          cls: roles.get("clsToken", "tokens", 0),
          trimOffsets: true,
          addPrefixSpace: false,
        }),
    };
  },
};
