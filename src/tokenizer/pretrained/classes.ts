import { BertTokenizer, DistilBertTokenizer } from "./bert-tokenizer.ts";
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
  T5Tokenizer,
  XLMRobertaTokenizer,
  XLNetTokenizer,
} from "./unigram-tokenizers.ts";

/** The classes that rebuild their pipeline, by the name of the reference's class. */
export const pretrainedClasses: { readonly [name: string]: PretrainedClass } = {
  AlbertTokenizer,
  BertTokenizer,
  CamembertTokenizer,
  DebertaV2Tokenizer,
  DistilBertTokenizer,
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
