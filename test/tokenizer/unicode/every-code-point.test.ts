import assert from "node:assert/strict";
import test from "node:test";
import type { Normalizer } from "../../../src/tokenizer/component.ts";
import { PlainText } from "../../../src/tokenizer/editable-text.ts";
import { NormalizedString } from "../../../src/tokenizer/normalized-string.ts";
import { BertNormalizer } from "../../../src/tokenizer/normalizers/bert-normalizer.ts";
import { Lowercase } from "../../../src/tokenizer/normalizers/lowercase.ts";
import { NFD } from "../../../src/tokenizer/normalizers/nfd.ts";
import { PreTokenizedString } from "../../../src/tokenizer/pre-tokenized-string.ts";
import { BertPreTokenizer } from "../../../src/tokenizer/pre-tokenizers/bert-pre-tokenizer.ts";
import { digest, fixture, type Oracle } from "../folders.ts";

interface Results {
  readonly oracle: Oracle;
  readonly blockSize: number;
  readonly results: { readonly [name: string]: readonly string[] };
}

const { oracle, blockSize, results } = fixture<Results>("unicode.json");

/** The planes that are nearly empty are passed over, but for one block of each: SENTENSOR_ALL_LINES=1 takes all. */
function isTested(start: number): boolean {
  return (
    process.env.SENTENSOR_ALL_LINES === "1" || start < 0x33000 || start % 0x10000 === 0 || start >= 0x10f000
  );
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

const nfd = normalized(new NFD());
const functions: { readonly [name: string]: (character: string) => string } = {
  NFD: nfd,
  Lowercase: normalized(new Lowercase()),
  "BertNormalizer clean_text": bert({ cleanText: true }),
  "BertNormalizer handle_chinese_chars": bert({ handleChineseChars: true }),
  "BertNormalizer strip_accents": bert({ stripAccents: true }),
  BertNormalizer: bert({ cleanText: true, handleChineseChars: true, stripAccents: null, lowercase: true }),
  BertPreTokenizer: (character) => {
    const text = new PreTokenizedString([
      { normalized: NormalizedString.of(`a${character}b`), tokens: null },
    ]);
    new BertPreTokenizer().preTokenize(text);
    return text.pieces.map((piece) => piece.normalized.text).join("|");
  },
  "NFD between marks": (character) => nfd(`a\u0345${character}\u0301\u0327`),
};

for (const [name, apply] of Object.entries(functions)) {
  test(`${name} of every code point is what tokenizers ${oracle.tokenizers} makes of it`, () => {
    const expected = results[name];
    assert.ok(expected !== undefined, "regenerate with test/fixtures/tokenizers/generate.py");
    for (const [block, wanted] of expected.entries()) {
      if (!isTested(block * blockSize)) continue;
      const texts: string[] = [];
      for (let c = block * blockSize; c < (block + 1) * blockSize; c++) {
        if (c < 0xd800 || c > 0xdfff) texts.push(apply(String.fromCodePoint(c)));
      }
      assert.equal(digest(texts), wanted, `in the block at U+${(block * blockSize).toString(16)}`);
    }
  });
}
