import assert from "node:assert/strict";
import test from "node:test";
import { SentensorError } from "../../src/errors.ts";
import type { Encoding } from "../../src/tokenizer/encoding.ts";
import { loadTokenizer } from "../../src/tokenizer/load.ts";
import type { EncodeOptions, Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { allLines, type Files, fixture, folder, type Oracle } from "./folders.ts";
import { randomLines } from "./lines.ts";

interface Expected {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  readonly offsets: readonly (readonly [number, number])[];
  readonly typeIds: readonly number[];
  readonly special: readonly number[];
  readonly attention: readonly number[];
  readonly words: readonly (number | null)[];
  readonly sequences: readonly (number | null)[];
  readonly overflowing?: readonly Expected[];
}

interface Case {
  readonly text: string;
  readonly pair?: string;
  readonly options?: EncodeOptions;
  /** null where the reference refuses. */
  readonly expected: Expected | null;
}

interface Described {
  readonly files: Files;
  readonly settings: {
    readonly modelMaxLength: number | null;
    readonly vocabSize: number;
    readonly paddingSide: string;
    readonly truncationSide: string;
    readonly modelInputNames: readonly string[];
    readonly specialTokens: { readonly [name: string]: string };
  };
  readonly cases: readonly Case[];
  readonly decode: readonly {
    readonly ids: readonly number[];
    readonly skip: boolean;
    readonly text: string;
  }[];
}

interface Cases {
  readonly oracle: Oracle;
  readonly tokenizers: { readonly [name: string]: Described };
}

const { oracle, tokenizers: ofWordPiece } = fixture<Cases>("cases.json.gz");
const byteLevel = fixture<Cases>("byte-level.json.gz");
const unigram = fixture<Cases>("unigram.json.gz");
assert.deepEqual(byteLevel.oracle, oracle, "regenerate with test/fixtures/tokenizers/generate_byte_level.py");
assert.deepEqual(unigram.oracle, oracle, "regenerate with test/fixtures/tokenizers/generate_unigram.py");
const tokenizers = { ...ofWordPiece, ...byteLevel.tokenizers, ...unigram.tokenizers };

const from = `transformers ${oracle.transformers} with tokenizers ${oracle.tokenizers}`;

/** With its overflowing parts, but without those that they have in turn. */
function described(encoding: Encoding): Expected {
  const { overflowing } = encoding;
  return overflowing.length === 0
    ? fields(encoding)
    : { ...fields(encoding), overflowing: overflowing.map(fields) };
}

function fields(encoding: Encoding): Expected {
  return {
    ids: encoding.inputIds,
    tokens: encoding.tokens,
    offsets: encoding.offsets,
    typeIds: encoding.tokenTypeIds,
    special: encoding.specialTokensMask,
    attention: encoding.attentionMask,
    words: encoding.wordIds,
    sequences: encoding.sequenceIds,
  };
}

/** Random ones for each tokenizer. */
const lines = allLines ? 20 : 8;

for (const [name, { files, settings, cases, decode }] of Object.entries(tokenizers)) {
  let loaded: Promise<Tokenizer> | undefined;
  const load = () => (loaded ??= loadTokenizer(folder(files)));

  test(`${name}: encodings are those of ${from}`, async () => {
    const tokenizer = await load();
    for (const { text, pair, options = {}, expected } of cases) {
      const what = JSON.stringify({ text, pair, options });
      const encode = () => described(tokenizer.encode(text, { ...options, pair }));
      if (expected === null) assert.throws(encode, SentensorError, what);
      else assert.deepEqual(encode(), expected, what);
    }
  });

  test(`${name}: ids alone equal the full encoding's`, async () => {
    const tokenizer = await load();
    const texts = cases.map(({ text }) => text);
    const refuses = cases.some(({ expected, options }) => expected === null && options === undefined);
    const others = refuses ? [] : [...randomLines(11, lines), randomLines(12, lines).join(" ")];
    for (const text of [...texts, ...others]) {
      for (const addSpecialTokens of [true, false]) {
        const encode = () => tokenizer.encode(text, { addSpecialTokens }).inputIds;
        const ids = () => Array.from(tokenizer.encodeIds(text, { addSpecialTokens }));
        if (cases.some((one) => one.text === text && one.expected === null && one.options === undefined)) {
          assert.throws(encode, SentensorError);
          assert.throws(ids, SentensorError);
          continue;
        }
        const expected = encode();
        assert.deepEqual(ids(), expected, JSON.stringify(text));
        assert.equal(tokenizer.countTokens(text, { addSpecialTokens }), expected.length);
      }
    }
  });

  test(`${name}: settings and decoded texts are those of ${from}`, async () => {
    const tokenizer = await load();
    assert.equal(tokenizer.modelMaxLength, settings.modelMaxLength ?? Number.POSITIVE_INFINITY);
    assert.equal(tokenizer.vocabSize, settings.vocabSize);
    assert.equal(tokenizer.paddingSide, settings.paddingSide);
    assert.equal(tokenizer.truncationSide, settings.truncationSide);
    assert.deepEqual(tokenizer.modelInputNames, settings.modelInputNames);
    const roles = Object.entries(tokenizer.specialTokens).map(([role, token]) => [
      role.replace("Token", "_token"),
      token,
    ]);
    // Tokens under names of their own, such as image_token, count as extra ones here.
    const isRole = (name: string) => /^(bos|eos|unk|sep|pad|cls|mask)_token$/.test(name);
    const expected = Object.entries(settings.specialTokens).filter(([name]) => isRole(name));
    assert.deepEqual(Object.fromEntries(roles), Object.fromEntries(expected));
    for (const { ids, skip, text } of decode) {
      assert.equal(tokenizer.decode(ids, { skipSpecialTokens: skip }), text);
    }
  });
}
