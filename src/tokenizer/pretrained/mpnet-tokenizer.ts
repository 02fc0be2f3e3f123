import { RobertaProcessing } from "../post-processors/roberta-processing.ts";
import { bertParts } from "./bert-tokenizer.ts";
import type { PretrainedClass } from "./pretrained-class.ts";
import { asAddedToken, contentOf, definedTokens, tokensWithMask } from "./settings.ts";

/** transformers v5.18, models/mpnet/tokenization_mpnet.py. */
export const MPNetTokenizer: PretrainedClass = {
  vocabularyFiles: ["vocab.txt"],
  modelInputNames: ["input_ids", "attention_mask"],
  build: (files, settings) => {
    const roles = tokensWithMask(settings, {
      bos_token: "<s>",
      eos_token: "</s>",
      unk_token: "[UNK]",
      sep_token: "</s>",
      pad_token: "<pad>",
      cls_token: "<s>",
    });
    const specialTokens = definedTokens(
      Object.fromEntries(Object.entries(roles).map(([role, token]) => [role, asAddedToken(token)])),
    );
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
