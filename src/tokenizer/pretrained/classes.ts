import { BertTokenizer, DistilBertTokenizer } from "./bert-tokenizer.ts";
import { MPNetTokenizer } from "./mpnet-tokenizer.ts";
import type { PretrainedClass } from "./pretrained-class.ts";

/** The classes that rebuild their pipeline, by the name of the reference's class. */
export const pretrainedClasses: { readonly [name: string]: PretrainedClass } = {
  BertTokenizer,
  DistilBertTokenizer,
  MPNetTokenizer,
};
