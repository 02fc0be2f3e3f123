import { CodePointSet } from "./code-point-set.ts";
import {
  BERT_CHINESE,
  BERT_DROPPED,
  COMBINING_MARK,
  MARK_NONSPACING,
  NUMERIC,
  PUNCTUATION,
  WHITE_SPACE,
  WORD,
} from "./tables.ts";

/** White_Space: Rust's `char::is_whitespace`, and `\s` of its regex crate. */
export const whiteSpace = new CodePointSet(WHITE_SPACE);

/** `\w` of Rust's regex crate. */
export const wordCharacter = new CodePointSet(WORD);

/** Rust's `char::is_numeric`. */
export const numeric = new CodePointSet(NUMERIC);

/** ASCII punctuation ($+<=>^`|~ among them) and general category P: what BertPreTokenizer isolates. */
export const punctuation = new CodePointSet(PUNCTUATION);

/** General category Mn: what BertNormalizer strips as accents. */
export const markNonspacing = new CodePointSet(MARK_NONSPACING);

/** General category M: what StripAccents strips. */
export const combiningMark = new CodePointSet(COMBINING_MARK);

/** What `clean_text` of BertNormalizer removes. */
export const bertDropped = new CodePointSet(BERT_DROPPED);

/** What BertNormalizer puts spaces around; the reference's range begins at U+2B920 where BERT's began at U+2B820. */
export const bertChinese = new CodePointSet(BERT_CHINESE);
