import { BertTokenizer, ConvBertTokenizer, DistilBertTokenizer, DPRTokenizer } from "./bert-tokenizer.ts";
import {
  GPT2Tokenizer,
  GPTNeoXTokenizer,
  Qwen2Tokenizer,
  RobertaTokenizer,
} from "./byte-level-tokenizers.ts";
import { MPNetTokenizer } from "./mpnet-tokenizer.ts";
import type { PretrainedClass } from "./pretrained-class.ts";
import { GemmaTokenizer, LlamaTokenizer } from "./sentencepiece-bpe-tokenizers.ts";
import {
  AlbertTokenizer,
  CamembertTokenizer,
  DebertaV2Tokenizer,
  FNetTokenizer,
  T5Tokenizer,
  XLMRobertaTokenizer,
  XLNetTokenizer,
} from "./unigram-tokenizers.ts";

/** The classes that rebuild their pipeline, by the name of the reference's class. */
export const pretrainedClasses: { readonly [name: string]: PretrainedClass } = {
  AlbertTokenizer,
  BertTokenizer,
  CamembertTokenizer,
  ConvBertTokenizer,
  DPRContextEncoderTokenizer: DPRTokenizer,
  DPRContextEncoderTokenizerFast: ConvBertTokenizer,
  DPRQuestionEncoderTokenizer: DPRTokenizer,
  DPRQuestionEncoderTokenizerFast: ConvBertTokenizer,
  DebertaV2Tokenizer,
  DistilBertTokenizer,
  FNetTokenizer,
  GPT2Tokenizer,
  GPTNeoXTokenizer,
  GemmaTokenizer,
  LlamaTokenizer,
  MPNetTokenizer,
  Qwen2Tokenizer,
  RobertaTokenizer,
  T5Tokenizer,
  XLMRobertaTokenizer,
  XLNetTokenizer,
};
