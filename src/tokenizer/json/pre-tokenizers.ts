import type { ConfigReader } from "../../files/config-reader.ts";
import type { PreTokenizer } from "../component.ts";
import { BertPreTokenizer } from "../pre-tokenizers/bert-pre-tokenizer.ts";
import { ByteLevel } from "../pre-tokenizers/byte-level.ts";
import { CharDelimiterSplit } from "../pre-tokenizers/char-delimiter-split.ts";
import { Digits } from "../pre-tokenizers/digits.ts";
import { FixedLength } from "../pre-tokenizers/fixed-length.ts";
import { Metaspace, type PrependScheme } from "../pre-tokenizers/metaspace.ts";
import { Punctuation } from "../pre-tokenizers/punctuation.ts";
import { Sequence } from "../pre-tokenizers/sequence.ts";
import { Split } from "../pre-tokenizers/split.ts";
import { UnicodeScripts } from "../pre-tokenizers/unicode-scripts.ts";
import { Whitespace } from "../pre-tokenizers/whitespace.ts";
import { WhitespaceSplit } from "../pre-tokenizers/whitespace-split.ts";
import { type Constructors, character, construct } from "./construct.ts";
import { readBehavior, readPattern } from "./patterns.ts";

const constructors: Constructors<PreTokenizer> = {
  BertPreTokenizer: () => new BertPreTokenizer(),
  ByteLevel: (fields) => {
    fields.boolean("trim_offsets"); // for the post-processor of this name alone
    return new ByteLevel(fields.boolean("add_prefix_space"), fields.boolean("use_regex", true));
  },
  CharDelimiterSplit: (fields) => new CharDelimiterSplit(character(fields, "delimiter")),
  Digits: (fields) => new Digits(fields.boolean("individual_digits")),
  FixedLength: (fields) => {
    const length = fields.integer("length", { fallback: 5 });
    if (length === 0) throw fields.wrong("length", "at least 1");
    return new FixedLength(length);
  },
  Metaspace: (fields) =>
    new Metaspace({
      replacement: character(fields, "replacement"),
      prependScheme: readPrependScheme(fields),
      split: fields.nullableBoolean("split") ?? true,
    }),
  Punctuation: (fields) => new Punctuation(readBehavior(fields, "Isolated")),
  Sequence: (fields) => new Sequence(fields.objects("pretokenizers").map(readPreTokenizer)),
  Split: (fields) =>
    new Split(readPattern(fields, "pattern"), readBehavior(fields), fields.boolean("invert")),
  UnicodeScripts: () => new UnicodeScripts(),
  Whitespace: () => new Whitespace(),
  WhitespaceSplit: () => new WhitespaceSplit(),
};

/** @throws UnsupportedError where its type is not known, FormatError where a field is wrong */
export function readPreTokenizer(fields: ConfigReader): PreTokenizer {
  return construct(constructors, fields, "pre-tokenizer");
}

/** `prepend_scheme`, or what the older `add_prefix_space` means. */
export function readPrependScheme(fields: ConfigReader): PrependScheme {
  const schemes: readonly PrependScheme[] = ["always", "first", "never"];
  const scheme = fields.oneOf("prepend_scheme", schemes, "always");
  if (fields.nullableBoolean("add_prefix_space") !== false) return scheme;
  if (scheme !== "never")
    throw fields.wrong("add_prefix_space", `true, which "prepend_scheme" "${scheme}" means`);
  return "never";
}
