import { BertTokenizer, DistilBertTokenizer } from "./bert-tokenizer.ts";
import {
  GPT2Tokenizer,
  GPTNeoXTokenizer,
  Qwen2Tokenizer,
  RobertaTokenizer,
} from "./byte-level-tokenizers.ts";
import { MPNetTokenizer } from "./mpnet-tokenizer.ts";
import type { PretrainedClass } from "./pretrained-class.ts";

/** The classes that rebuild their pipeline, by the name of the reference's class. */
export const pretrainedClasses: { readonly [name: string]: PretrainedClass } = {
  BertTokenizer,
  DistilBertTokenizer,
  GPT2Tokenizer,
  GPTNeoXTokenizer,
  MPNetTokenizer,
  Qwen2Tokenizer,
  RobertaTokenizer,
};
