import { UnsupportedError } from "../../errors.ts";
import type { AddedToken } from "../added-vocabulary.ts";
import type { Decoder } from "../component.ts";
import { ByteFallback } from "../decoders/byte-fallback.ts";
import { Fuse } from "../decoders/fuse.ts";
import { Replace as ReplaceDecoder } from "../decoders/replace.ts";
import { Sequence } from "../decoders/sequence.ts";
import { Strip } from "../decoders/strip.ts";
import { readMerges } from "../json/models.ts";
import { BPE } from "../models/bpe.ts";
import { Vocabulary } from "../models/vocabulary.ts";
import { Replace } from "../normalizers/replace.ts";
import { Metaspace } from "../pre-tokenizers/metaspace.ts";
import { Split } from "../pre-tokenizers/split.ts";
import { StringPattern } from "../regex/pattern.ts";
import { beginAndEnd, savedPostProcessor } from "./begin-and-end.ts";
import type { PretrainedClass, VocabularyFiles } from "./pretrained-class.ts";
import { readSentencePieceModel } from "./sentencepiece-model.ts";
import { contentOf, type PretrainedSettings, tokensOf } from "./settings.ts";
import { addedTokensOf } from "./unigram-source.ts";
import { readVocabulary } from "./vocabulary-source.ts";

/** SentencePiece's visible space. */
const SPACE = "▁";

/** transformers v5.18, models/llama/tokenization_llama.py. */
export const LlamaTokenizer: PretrainedClass = {
  vocabularyFiles: ["tokenizer.model"],
  modelInputNames: ["input_ids", "attention_mask"],
  paddingSide: "left",
  build: (files, settings) => {
    const { config } = settings;
    const addsPrefix = config.nullableBoolean("add_prefix_space") ?? true;
    const prependScheme = !addsPrefix ? "never" : config.boolean("legacy", false) ? "always" : "first";
    const specialTokens = tokensOf(settings, { unk_token: "<unk>", bos_token: "<s>", eos_token: "</s>" });
    const source = readBpeSource(files);
    return {
      normalizer: null,
      preTokenizer: new Metaspace({ replacement: SPACE, prependScheme, split: false }),
      decoder: new Sequence([...plainDecoders(), ...(addsPrefix ? [new Strip(" ", 1, 0)] : [])]),
      model: bpe(source, null),
      specialTokens,
      ...extraTokens(settings, source),
      postProcessor: (roles) => savedPostProcessor(files) ?? beginAndEnd(files, settings, roles),
    };
  },
};

/** transformers v5.18, models/gemma/tokenization_gemma.py. */
export const GemmaTokenizer: PretrainedClass = {
  vocabularyFiles: ["tokenizer.model"],
  modelInputNames: ["input_ids", "attention_mask"],
  paddingSide: "left",
  build: (files, settings) => {
    const specialTokens = tokensOf(settings, {
      unk_token: "<unk>",
      bos_token: "<bos>",
      eos_token: "<eos>",
      pad_token: "<pad>",
      mask_token: "<mask>",
    });
    const source = readBpeSource(files);
    return {
      normalizer: new Replace(new StringPattern(" "), SPACE),
      preTokenizer: new Split(new StringPattern(" "), "MergedWithPrevious", false),
      decoder: new Sequence(plainDecoders()),
      model: bpe(source, contentOf(specialTokens.unkToken) ?? "None"),
      specialTokens,
      ...extraTokens(settings, source),
      postProcessor: (roles) => savedPostProcessor(files) ?? beginAndEnd(files, settings, roles),
    };
  },
};

interface BpeSource {
  readonly vocabulary: Vocabulary;
  readonly merges: readonly (readonly [string, string])[];
  /** Of SentencePiece's file; null where tokenizer.json was read. */
  readonly addedTokens: readonly AddedToken[] | null;
}

function readBpeSource(files: VocabularyFiles): BpeSource {
  if (files.tokenizerJson !== null) {
    const model = files.tokenizerJson.object("model");
    const merges = model.hasOwn("merges") ? readMerges(model) : [];
    return { vocabulary: readVocabulary(files, "tokenizer.model"), merges, addedTokens: null };
  }
  const model = readSentencePieceModel(files.own.get("tokenizer.model")!, "tokenizer.model");
  if (model.algorithm !== "bpe" && model.algorithm !== "unigram") {
    throw new UnsupportedError(`"${model.algorithm}" is not supported`, {
      code: "wrong-tokenizer-model",
      subject: model.algorithm,
      file: "tokenizer.model",
    });
  }
  const vocabulary = Vocabulary.numbered(model.pieces.map(({ piece }) => piece));
  return { vocabulary, merges: mergesOf(vocabulary), addedTokens: addedTokensOf(model) };
}

/** Every way to make a token of two others, in the order of the tokens, the shortest first part first. */
function mergesOf(vocabulary: Vocabulary): [string, string][] {
  const merges: [string, string][] = [];
  for (const [token, id] of vocabulary.entries()) {
    if (vocabulary.id(token) !== id) continue; // a later token is the same
    for (let i = 0; i < token.length; ) {
      i += token.codePointAt(i)! > 0xffff ? 2 : 1;
      const first = token.slice(0, i);
      const second = token.slice(i);
      if (second !== "" && vocabulary.id(first) !== undefined && vocabulary.id(second) !== undefined) {
        merges.push([first, second]);
      }
    }
  }
  return merges;
}

function bpe({ vocabulary, merges }: BpeSource, unkToken: string | null): BPE {
  return new BPE({
    vocabulary,
    merges,
    unkToken,
    continuingSubwordPrefix: null,
    endOfWordSuffix: null,
    fuseUnk: true,
    byteFallback: true,
    ignoreMerges: false,
  });
}

function plainDecoders(): Decoder[] {
  return [new ReplaceDecoder(new StringPattern(SPACE), " "), new ByteFallback(), new Fuse()];
}

function extraTokens(
  settings: PretrainedSettings,
  { addedTokens }: BpeSource,
): { extraSpecialTokens?: readonly AddedToken[] } {
  return settings.declaresExtraSpecialTokens || addedTokens === null
    ? {}
    : { extraSpecialTokens: addedTokens };
}
