import type { PostProcessor } from "../component.ts";
import { optional } from "../json/from-json.ts";
import { readPostProcessor } from "../json/post-processors.ts";
import type { SpecialToken } from "../post-processors/bert-processing.ts";
import { type TemplatePiece, TemplateProcessing } from "../post-processors/template-processing.ts";
import type { VocabularyFiles } from "./pretrained-class.ts";
import type { RoleTokens } from "./role-tokens.ts";
import type { PretrainedSettings } from "./settings.ts";

export function savedPostProcessor({ tokenizerJson }: VocabularyFiles): PostProcessor | null {
  return tokenizerJson === null ? null : optional(tokenizerJson, "post_processor", readPostProcessor);
}

/**
 * The text between the tokens that add_bos_token and add_eos_token ask for; beside a tokenizer.json they do not count
 * (TokenizersBackend.update_post_processor, which looks the ids up whether or not they are asked for).
 */
export function beginAndEnd(
  { tokenizerJson }: VocabularyFiles,
  { config }: PretrainedSettings,
  roles: RoleTokens,
): TemplateProcessing {
  const pieces = (name: "bosToken" | "eosToken", setting: string): ((typeId: number) => TemplatePiece[]) => {
    if (!roles.has(name)) return () => [];
    const asked = tokenizerJson === null && (config.nullableBoolean(setting) ?? false);
    const token = asked ? roles.get(name, "string") : roles.get(name, "tokens", -1);
    return (typeId) => (asked ? [{ tokens: [token], typeId }] : []);
  };
  const begin = pieces("bosToken", "add_bos_token");
  const end = pieces("eosToken", "add_eos_token");
  const part = (sequence: 0 | 1): TemplatePiece[] => [
    ...begin(sequence),
    { sequence, typeId: sequence },
    ...end(sequence),
  ];
  return new TemplateProcessing(part(0), [...part(0), ...part(1)]);
}

/** [CLS] A [SEP] and [CLS] A [SEP] B [SEP]. */
export function bertTemplate(cls: SpecialToken, sep: SpecialToken): TemplateProcessing {
  const begin: TemplatePiece = { tokens: [cls], typeId: 0 };
  const part = (sequence: 0 | 1): TemplatePiece[] => [
    { sequence, typeId: sequence },
    { tokens: [sep], typeId: sequence },
  ];
  return new TemplateProcessing([begin, ...part(0)], [begin, ...part(0), ...part(1)]);
}
