import { FormatError } from "../../errors.ts";
import type { AddedToken } from "../added-vocabulary.ts";
import type { Normalizer, PostProcessor } from "../component.ts";
import { Metaspace as MetaspaceDecoder } from "../decoders/metaspace.ts";
import { Unigram } from "../models/unigram.ts";
import { Lowercase } from "../normalizers/lowercase.ts";
import { NFC } from "../normalizers/nfc.ts";
import { NFKD } from "../normalizers/nfkd.ts";
import { Replace } from "../normalizers/replace.ts";
import { Sequence as NormalizerSequence } from "../normalizers/sequence.ts";
import { Strip } from "../normalizers/strip.ts";
import { StripAccents } from "../normalizers/strip-accents.ts";
import type { SpecialToken } from "../post-processors/bert-processing.ts";
import { type TemplatePiece, TemplateProcessing } from "../post-processors/template-processing.ts";
import { Metaspace, type PrependScheme } from "../pre-tokenizers/metaspace.ts";
import { Punctuation } from "../pre-tokenizers/punctuation.ts";
import { Sequence } from "../pre-tokenizers/sequence.ts";
import { WhitespaceSplit } from "../pre-tokenizers/whitespace-split.ts";
import { RegexPattern, StringPattern } from "../regex/pattern.ts";
import { bertTemplate, savedPostProcessor } from "./begin-and-end.ts";
import type { ClassPipeline, PretrainedClass } from "./pretrained-class.ts";
import type { RoleTokens, Spelling } from "./role-tokens.ts";
import { contentOf, type PretrainedSettings, tokensOf, tokensWithMask } from "./settings.ts";
import { readUnigramSource, type UnigramSource } from "./unigram-source.ts";

/** SentencePiece's visible space. */
const SPACE = "▁";

/** transformers v5.18, models/xlm_roberta/tokenization_xlm_roberta.py. */
export const XLMRobertaTokenizer: PretrainedClass = {
  vocabularyFiles: ["sentencepiece.bpe.model"],
  modelInputNames: ["input_ids", "attention_mask"],
  build: (files, settings) => {
    const source = readUnigramSource(files, "sentencepiece.bpe.model");
    const specialTokens = tokensOf(settings, ROBERTA_TOKENS);
    const names = ["bosToken", "padToken", "eosToken", "unkToken"] as const;
    const head = names.map((name) => nameOf(specialTokens[name]));
    const { tokens, scores } =
      source.own === null ? source : fairseq(source, head, 3, [nameOf(specialTokens.maskToken)]);
    return {
      normalizer: source.charsmap,
      ...metaspaceParts(scheme(settings)),
      model: unigram(tokens, scores, 3),
      specialTokens,
      ...extraTokens(settings, source, null),
      postProcessor: (roles) => surroundedTwice(roles, "list"),
    };
  },
};

/** transformers v5.18, models/camembert/tokenization_camembert.py. */
export const CamembertTokenizer: PretrainedClass = {
  vocabularyFiles: ["sentencepiece.bpe.model"],
  modelInputNames: ["input_ids", "attention_mask"],
  build: (files, settings) => {
    const source = readUnigramSource(files, "sentencepiece.bpe.model");
    const specialTokens = tokensWithMask(settings, ROBERTA_TOKENS);
    const unk = nameOf(specialTokens.unkToken);
    const head = ["<s>NOTUSED", nameOf(specialTokens.padToken), "</s>NOTUSED", unk];
    const { tokens, scores } =
      source.own === null
        ? source
        : fairseq(source, [...head, "<unk>NOTUSED"], 1, [nameOf(specialTokens.maskToken)], -100);
    return {
      normalizer: source.charsmap,
      ...metaspaceParts(scheme(settings)),
      model: unigram(tokens, scores, Math.max(0, tokens.indexOf(unk))),
      specialTokens,
      ...extraTokens(settings, source, ["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"]),
      postProcessor: (roles) => surroundedTwice(roles, "string"),
    };
  },
};

/** transformers v5.18, models/t5/tokenization_t5.py. */
export const T5Tokenizer: PretrainedClass = {
  vocabularyFiles: ["spiece.model"],
  modelInputNames: ["input_ids", "attention_mask"],
  build: (files, settings) => {
    const source = readUnigramSource(files, "spiece.model");
    const count = settings.config.integer("extra_ids", { fallback: 100 });
    const sentinels = Array.from({ length: count }, (_, i) => `<extra_id_${i}>`);
    const { tokens, scores } =
      source.own === null ? source : fairseq(source, [], 0, [...sentinels].reverse());
    const extra = extraTokens(settings, source, sentinels);
    if (source.own !== null && extra.extraSpecialTokens !== undefined) {
      const given = extra.extraSpecialTokens;
      if (!given.some((token) => contentOf(token)!.includes("<extra_id_"))) {
        extra.extraSpecialTokens = [...given, ...sentinels];
      }
    }
    return {
      normalizer: source.charsmap,
      ...metaspaceParts("always"),
      model: unigram(tokens, scores, 2),
      specialTokens: tokensOf(settings, { eos_token: "</s>", unk_token: "<unk>", pad_token: "<pad>" }),
      ...extra,
      postProcessor: (roles) => {
        const [, id] = roles.get("eosToken", "tokens");
        const end = special(["</s>", id], 0); // that name, whatever the token is
        return new TemplateProcessing([FIRST, end], [FIRST, end, { sequence: 1, typeId: 0 }, end]);
      },
    };
  },
};

/** transformers v5.18, models/albert/tokenization_albert.py. */
export const AlbertTokenizer: PretrainedClass = {
  vocabularyFiles: ["spiece.model"],
  modelInputNames: ["input_ids", "attention_mask"],
  build: (files, settings) => {
    const source = readUnigramSource(files, "spiece.model");
    const specialTokens = tokensOf(settings, ALBERT_TOKENS);
    const keepsAccents = settings.config.boolean("keep_accents", false);
    const lowercases = settings.config.boolean("do_lower_case", true);
    const model = unigram(source.tokens, source.scores, 1);
    return {
      normalizer: quotesNormalizer(source, keepsAccents, lowercases),
      ...metaspaceParts(scheme(settings)),
      model,
      specialTokens,
      ...extraTokens(settings, source, null),
      postProcessor: () => {
        // From the vocabulary as it is before tokens are added; tokenizer.json's own template then replaces this one.
        const id = (name: "clsToken" | "sepToken", field: string) => {
          const found = model.tokenToId(nameOf(specialTokens[name]));
          if (found !== undefined) return found;
          throw new FormatError(
            `"${field}": expected a token of the vocabulary, found ${JSON.stringify(contentOf(specialTokens[name]) ?? null)}`,
            { code: "missing-special-token", subject: field, file: settings.config.file },
          );
        };
        const ownTemplate = bertTemplate(
          ["[CLS]", id("clsToken", "cls_token")],
          ["[SEP]", id("sepToken", "sep_token")],
        );
        return savedPostProcessor(files) ?? ownTemplate;
      },
    };
  },
};

/** transformers v5.18, models/fnet/tokenization_fnet.py: it inherits ALBERT's constructor. */
export const FNetTokenizer: PretrainedClass = {
  ...AlbertTokenizer,
  modelInputNames: ["input_ids", "token_type_ids"],
  overFile: (settings) => ({ specialTokens: tokensOf(settings, ALBERT_TOKENS) }),
};

/** transformers v5.18, models/xlnet/tokenization_xlnet.py. */
export const XLNetTokenizer: PretrainedClass = {
  vocabularyFiles: ["spiece.model"],
  modelInputNames: ["input_ids", "attention_mask"],
  paddingSide: "left",
  build: (files, settings) => {
    const source = readUnigramSource(files, "spiece.model");
    const specialTokens = tokensWithMask(settings, {
      bos_token: "<s>",
      eos_token: "</s>",
      unk_token: "<unk>",
      sep_token: "<sep>",
      pad_token: "<pad>",
      cls_token: "<cls>",
    });
    const unkId = source.own?.unkId ?? settings.config.integer("unk_id", { fallback: 0 });
    return {
      normalizer: quotesNormalizer(source, false, settings.config.boolean("do_lower_case", false)),
      ...metaspaceParts("always"),
      model: unigram(source.tokens, source.scores, unkId),
      specialTokens,
      ...extraTokens(settings, source, ["<eop>", "<eod>"]),
      postProcessor: (roles) => {
        const sep = roles.get("sepToken", "string");
        const cls = special(roles.get("clsToken", "string"), 2);
        return new TemplateProcessing(
          [FIRST, special(sep, 0), cls],
          [FIRST, special(sep, 0), SECOND, special(sep, 1), cls],
        );
      },
    };
  },
};

/** transformers v5.18, models/deberta_v2/tokenization_deberta_v2.py. */
export const DebertaV2Tokenizer: PretrainedClass = {
  vocabularyFiles: ["spm.model"],
  modelInputNames: ["input_ids", "attention_mask", "token_type_ids"],
  build: (files, settings) => {
    const { config } = settings;
    const source = readUnigramSource(files, "spm.model");
    const specialTokens = tokensOf(settings, {
      bos_token: "[CLS]",
      eos_token: "[SEP]",
      unk_token: "[UNK]",
      sep_token: "[SEP]",
      pad_token: "[PAD]",
      cls_token: "[CLS]",
      mask_token: "[MASK]",
    });
    const known = source.tokens.indexOf(nameOf(specialTokens.unkToken));
    const unkId =
      known >= 0 && source.scores[known] === 0
        ? known
        : (source.own?.unkId ?? config.integer("unk_id", { fallback: 1 }));
    const normalizers: Normalizer[] = config.boolean("do_lower_case", false) ? [new Lowercase()] : [];
    normalizers.push(
      new Replace(new RegexPattern("\\s{2,}|[\\n\\r\\t]"), " "),
      new NFC(),
      new Strip(false, true),
    );
    const prependScheme = config.boolean("add_prefix_space", true) ? "always" : "first";
    const metaspace = new Metaspace({ replacement: SPACE, prependScheme, split: true });
    const byPunctuation = config.boolean("split_by_punct", false);
    return {
      normalizer: new NormalizerSequence(normalizers),
      preTokenizer: new Sequence(byPunctuation ? [new Punctuation("Isolated"), metaspace] : [metaspace]),
      decoder: new MetaspaceDecoder(SPACE, prependScheme),
      model: unigram(source.tokens, source.scores, unkId),
      specialTokens,
      ...extraTokens(settings, source, null),
      postProcessor: (roles) =>
        bertTemplate(roles.get("clsToken", "string", 0), roles.get("sepToken", "string", 0)),
    };
  },
};

const FIRST: TemplatePiece = { sequence: 0, typeId: 0 };
const SECOND: TemplatePiece = { sequence: 1, typeId: 1 };

const ROBERTA_TOKENS = {
  bos_token: "<s>",
  eos_token: "</s>",
  sep_token: "</s>",
  cls_token: "<s>",
  unk_token: "<unk>",
  pad_token: "<pad>",
  mask_token: "<mask>",
};

const ALBERT_TOKENS = {
  bos_token: "[CLS]",
  eos_token: "[SEP]",
  unk_token: "<unk>",
  sep_token: "[SEP]",
  pad_token: "<pad>",
  cls_token: "[CLS]",
  mask_token: "[MASK]",
};

/** What Python's str() makes of a token, or of its absence. */
function nameOf(token: AddedToken | string | undefined): string {
  return contentOf(token) ?? "None";
}

function special(token: SpecialToken, typeId: number): TemplatePiece {
  return { tokens: [token], typeId };
}

/** <s> A </s> and <s> A </s></s> B </s>, all of type 0. */
function surroundedTwice(roles: RoleTokens, spelling: Spelling): PostProcessor {
  const begin = special(roles.get("bosToken", spelling), 0);
  const end = special(roles.get("eosToken", spelling), 0);
  const second: TemplatePiece = { sequence: 1, typeId: 0 };
  return new TemplateProcessing([begin, FIRST, end], [begin, FIRST, end, end, second, end]);
}

function scheme({ config }: PretrainedSettings): PrependScheme {
  return config.boolean("add_prefix_space", true) ? "always" : "never";
}

function metaspaceParts(prependScheme: PrependScheme): Pick<ClassPipeline, "preTokenizer" | "decoder"> {
  const metaspace = new Metaspace({ replacement: SPACE, prependScheme, split: true });
  return {
    preTokenizer: new Sequence([new WhitespaceSplit(), metaspace]),
    decoder: new MetaspaceDecoder(SPACE, prependScheme),
  };
}

function unigram(tokens: readonly string[], scores: ArrayLike<number>, unkId: number): Unigram {
  return new Unigram({ tokens, scores: Float64Array.from(scores), unkId, byteFallback: false });
}

/** Quotes of two characters become one, then accents and case go, then the charsmap. */
function quotesNormalizer(
  { charsmap }: UnigramSource,
  keepsAccents: boolean,
  lowercases: boolean,
): NormalizerSequence {
  const parts: Normalizer[] = [
    new Replace(new StringPattern("``"), '"'),
    new Replace(new StringPattern("''"), '"'),
  ];
  if (!keepsAccents) parts.push(new NFKD(), new StripAccents());
  if (lowercases) parts.push(new Lowercase());
  if (charsmap !== null) parts.push(charsmap);
  return new NormalizerSequence(parts);
}

/**
 * SentencePiece's pieces as fairseq numbers them: tokens of its own, then the pieces from one on, then others.
 * @param lastScore of the last token of `head`
 */
function fairseq(
  { tokens, scores }: UnigramSource,
  head: readonly string[],
  from: number,
  tail: readonly string[],
  lastScore = 0,
): { readonly tokens: string[]; readonly scores: number[] } {
  const headScores = head.map((_, i) => (i === head.length - 1 ? lastScore : 0));
  return {
    tokens: [...head, ...tokens.slice(from), ...tail],
    scores: [...headScores, ...Array.from(scores).slice(from), ...tail.map(() => 0)],
  };
}

/** The extra special tokens that the settings do not know of: SentencePiece's, or else the class's. */
function extraTokens(
  settings: PretrainedSettings,
  { own }: UnigramSource,
  otherwise: readonly string[] | null,
): { extraSpecialTokens?: readonly (AddedToken | string)[] } {
  if (settings.declaresExtraSpecialTokens) return {};
  const tokens = own?.addedTokens ?? otherwise;
  return tokens === null ? {} : { extraSpecialTokens: tokens };
}
