import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import type { Normalizer, PreTokenizer } from "../../../src/tokenizer/component.ts";
import { BertNormalizer } from "../../../src/tokenizer/normalizers/bert-normalizer.ts";
import { Lowercase } from "../../../src/tokenizer/normalizers/lowercase.ts";
import { NFC } from "../../../src/tokenizer/normalizers/nfc.ts";
import { NFD } from "../../../src/tokenizer/normalizers/nfd.ts";
import { NFKC } from "../../../src/tokenizer/normalizers/nfkc.ts";
import { NFKD } from "../../../src/tokenizer/normalizers/nfkd.ts";
import { Nmt } from "../../../src/tokenizer/normalizers/nmt.ts";
import { Precompiled } from "../../../src/tokenizer/normalizers/precompiled.ts";
import { StripAccents } from "../../../src/tokenizer/normalizers/strip-accents.ts";
import { BertPreTokenizer } from "../../../src/tokenizer/pre-tokenizers/bert-pre-tokenizer.ts";
import { gpt2Words } from "../../../src/tokenizer/pre-tokenizers/byte-level.ts";
import { Digits } from "../../../src/tokenizer/pre-tokenizers/digits.ts";
import { UnicodeScripts } from "../../../src/tokenizer/pre-tokenizers/unicode-scripts.ts";
import { Whitespace } from "../../../src/tokenizer/pre-tokenizers/whitespace.ts";
import { readSentencePieceModel } from "../../../src/tokenizer/pretrained/sentencepiece-model.ts";
import { PlainText } from "../../../src/tokenizer/text/editable-text.ts";
import { NormalizedString } from "../../../src/tokenizer/text/normalized-string.ts";
import { PreTokenizedString } from "../../../src/tokenizer/text/pre-tokenized-string.ts";
import { allLines, digest, fixture, type Oracle } from "../folders.ts";

interface Results {
  readonly oracle: Oracle;
  readonly blockSize: number;
  readonly results: { readonly [name: string]: readonly string[] };
}

const { oracle, blockSize, results } = fixture<Results>("unicode.json");

/** Code points of one kind throughout: CJK ideographs, Hangul syllables, surrogates and private use. */
const UNIFORM = [
  [0x4000, 0x9000],
  [0xb000, 0xf000],
] as const;

/** Beyond the first two planes: ideographs at both ends of plane 2 and in 3, tags, and what is never assigned. */
const FAR = [0x20000, 0x2f000, 0x30000, 0xe0000, 0x10f000];

/** Many texts for each code point: from U+4000 on, every third block is enough. */
const LONG = ["UnicodeScripts", "words of GPT-2", "clusters of a charsmap", "NFC after letters"];

/** What is alike throughout, or empty, is passed over but for samples: SENTENSOR_ALL_LINES=1 takes all. */
function isTested(name: string, start: number): boolean {
  if (allLines) return true;
  if (LONG.includes(name) && start >= 0x4000 && (start / blockSize) % 3 !== 0) return false;
  if (start < 0x20000) return UNIFORM.every(([from, to]) => start < from || start >= to);
  return FAR.includes(start);
}

function normalized(normalizer: Normalizer): (text: string) => string {
  return (text) => {
    const string = new PlainText(text);
    normalizer.normalize(string);
    return string.text;
  };
}

function bert(options: Partial<ConstructorParameters<typeof BertNormalizer>[0]>) {
  return normalized(
    new BertNormalizer({
      cleanText: false,
      handleChineseChars: false,
      stripAccents: false,
      lowercase: false,
      ...options,
    }),
  );
}

/** The pieces of a text with a bar between them. */
function pieces(preTokenizer: PreTokenizer, text: string): string {
  const pre = new PreTokenizedString([{ normalized: NormalizedString.of(text), tokens: null }]);
  preTokenizer.preTokenize(pre);
  return pre.pieces.map((piece) => piece.normalized.text).join("|");
}

function ofLetters(preTokenizer: PreTokenizer): (character: string) => string {
  return (character) => pieces(preTokenizer, `a${character}b`);
}

const nfd = normalized(new NFD());
const nfc = normalized(new NFC());
const charsmap = normalized(
  new Precompiled(
    readSentencePieceModel(
      readFileSync(new URL("../../fixtures/tokenizers/spm-unigram.model", import.meta.url)),
      "spm-unigram.model",
    ).precompiledCharsmap,
  ),
);

/** Where each word begins and ends, in code points. */
function words(text: string): string {
  let points = 0; // before the word
  return gpt2Words(text)
    .map(({ start, end }) => {
      const first = points;
      for (let i = start; i < end; points++) i += text.codePointAt(i)! > 0xffff ? 2 : 1;
      return `${first},${points}`;
    })
    .join(" ");
}

const functions: { readonly [name: string]: (character: string) => string } = {
  NFD: nfd,
  NFC: nfc,
  NFKD: normalized(new NFKD()),
  NFKC: normalized(new NFKC()),
  Lowercase: normalized(new Lowercase()),
  StripAccents: normalized(new StripAccents()),
  Nmt: normalized(new Nmt()),
  "BertNormalizer clean_text": bert({ cleanText: true }),
  "BertNormalizer handle_chinese_chars": bert({ handleChineseChars: true }),
  "BertNormalizer strip_accents": bert({ stripAccents: true }),
  BertNormalizer: bert({ cleanText: true, handleChineseChars: true, stripAccents: null, lowercase: true }),
  BertPreTokenizer: ofLetters(new BertPreTokenizer()),
  Digits: ofLetters(new Digits(false)),
  Whitespace: ofLetters(new Whitespace()),
  UnicodeScripts: (c) =>
    [`a${c}b`, `\u4e00${c}\u3042`, ` ${c} \u0431`]
      .map((text) => pieces(new UnicodeScripts(), text))
      .join("|"),
  "words of GPT-2": (c) => words(`a${c}1${c}${c}! ${c}'s  ${c}`),
  "clusters of a charsmap": (c) =>
    charsmap(
      `\u00a9${c}\u00a9\u0300${c}\u0300${c}\u00a9\u200d${c}\u0300\u0937${c}\u0937\u0300${c}\u200d\u2600\u0300e${c}`,
    ),
  "NFD between marks": (c) => nfd(`a\u0345${c}\u0301\u0327`),
  "NFC after letters": (c) => ["a", "e", "C", "<", "\u0627", "\u1100"].map((base) => nfc(base + c)).join(""),
};

for (const [name, apply] of Object.entries(functions)) {
  test(`${name} of every code point is what tokenizers ${oracle.tokenizers} makes of it`, () => {
    const expected = results[name];
    assert.ok(expected !== undefined, "regenerate with test/fixtures/tokenizers/generate.py");
    for (const [block, wanted] of expected.entries()) {
      if (!isTested(name, block * blockSize)) continue;
      const texts: string[] = [];
      for (let c = block * blockSize; c < (block + 1) * blockSize; c++) {
        if (c < 0xd800 || c > 0xdfff) texts.push(apply(String.fromCodePoint(c)));
      }
      assert.equal(digest(texts), wanted, `in the block at U+${(block * blockSize).toString(16)}`);
    }
  });
}
