import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { FormatError, SentensorError } from "../../src/errors.ts";
import { partsFromJson } from "../../src/tokenizer/json/from-json.ts";
import { loadTokenizer } from "../../src/tokenizer/load.ts";
import { wellFormed } from "../../src/tokenizer/text/well-formed.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { cpuTime } from "../helpers/cpu-time.ts";
import { anyText } from "../helpers/text.ts";
import { type Files, folder } from "./folders.ts";
import { randomLines } from "./lines.ts";
import { mutated } from "./mutated.ts";
import { assertPairs } from "./pairs.ts";

const fixtures = "test/fixtures/tokenizers/";
const based = (name: string, parts: object = {}): Files => ({
  "tokenizer.json": { $base: `${fixtures}${name}.json`, parts },
});
const own = {
  "vocab.json": { $path: `${fixtures}byte-level.vocab.json` },
  "merges.txt": { $path: `${fixtures}byte-level.merges.txt` },
};
const cl100k =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const words = (pattern: string) => ({
  type: "Sequence",
  pretokenizers: [
    { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
    { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
  ],
});
const spaces = [2, 3, 4].map((count) => ({
  id: 700 + count,
  content: " ".repeat(count),
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: true,
  special: false,
}));

const folders: { readonly [name: string]: Files } = {
  roberta: { ...own, "tokenizer_config.json": { tokenizer_class: "RobertaTokenizer" } },
  "a space before the text": {
    ...own,
    "tokenizer_config.json": { tokenizer_class: "GPT2Tokenizer", add_prefix_space: true },
  },
  "NFC and spaces as tokens": based("byte-level", { normalizer: { type: "NFC" }, added_tokens: spaces }),
  cl100k: based("byte-level", { pre_tokenizer: words(cl100k) }),
  "no words": based("byte-level", { normalizer: { type: "ByteLevel" }, pre_tokenizer: null }),
  "words that end with </w>": based("bpe-suffix"),
  "bytes for what is unknown": based("bpe-bytes"),
};

const piece = fc.oneof(
  anyText({ maxLength: 20 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.constantFrom(
    "the",
    " the",
    "  ",
    "   ",
    "\n",
    "\r\n",
    "'s",
    "'LL",
    "12345",
    "<s>",
    "<mask>",
    "\u0301",
    "\ud800",
  ),
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));

for (const [name, files] of Object.entries(folders)) {
  test(`${name}: ids alone equal the full encoding's, whatever the text and the limit`, async () => {
    const tokenizer = await loadTokenizer(folder(files));
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 20 }), fc.boolean(), (given, maxLength, left) => {
        const sided = tokenizer.withSettings({ truncationSide: left ? "left" : "right" });
        const whole = sided.encode(given).inputIds;
        assert.deepEqual(Array.from(sided.encodeIds(given)), whole);
        const { ids, truncated } = sided.encodeIdsWithin(given, maxLength);
        assert.deepEqual(Array.from(ids), sided.encode(given, { truncation: true, maxLength }).inputIds);
        assert.equal(truncated, whole.length > maxLength);
      }),
      { numRuns: 100 },
    );
  });
}

for (const [name, files] of Object.entries(folders)) {
  test(`${name}: ids and types of a pair equal the full encoding's, whatever the texts and the limit`, async () => {
    const tokenizer = await loadTokenizer(folder(files));
    assertPairs(tokenizer, text, 100);
  });
}

test("byte-level tokens give the text back, whatever it is", async () => {
  const tokenizer = await loadTokenizer(folder(folders.cl100k!));
  fc.assert(
    fc.property(anyText({ maxLength: 60 }), (given) => {
      const ids = tokenizer.encodeIds(given, { addSpecialTokens: false });
      assert.equal(tokenizer.decode(ids), wellFormed(given));
    }),
    { numRuns: 200 },
  );
});

test("a word of 300,000 characters is encoded in near-linear time", async () => {
  const tokenizer = await loadTokenizer(folder(folders.roberta!));
  for (const unit of ["the", "é"]) {
    const given = unit.repeat(300_000 / unit.length);
    const started = cpuTime();
    const ids = tokenizer.encodeIds(given, { addSpecialTokens: false });
    assert.ok(cpuTime() - started < 10_000); // quadratic time would be hours
    assert.equal(tokenizer.decode(ids), given);
  }
});

test("runs of any character are encoded in near-linear time under any words", async () => {
  for (const name of ["cl100k", "words that end with </w>", "bytes for what is unknown"]) {
    const tokenizer = await loadTokenizer(folder(folders[name]!));
    for (const unit of ["a", " ", "\n", " \n", "é", "1", "!", "\u{20000}"]) {
      const given = `${unit.repeat(20_000)}x`;
      const started = cpuTime();
      assert.ok(tokenizer.encodeIds(given).length > 0);
      assert.ok(cpuTime() - started < 5_000, `${name}, ${JSON.stringify(unit)}`);
    }
  }
});

for (const name of ["byte-level", "bpe-suffix", "bpe-bytes", "word-level"]) {
  test(`a mutated ${name}.json gives a tokenizer or a typed error`, async () => {
    const bytes = await folder(based(name)).read("tokenizer.json");
    const original = JSON.parse(new TextDecoder().decode(bytes)) as unknown;
    const lines = randomLines(6, 2);
    let made = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 24, maxLength: 24 }), (numbers) => {
        let next = 0;
        const random = (below: number) => numbers[next++ % numbers.length]! % below;
        const file = JSON.stringify(mutated(original, random));
        try {
          const tokenizer = new Tokenizer(partsFromJson(new TextEncoder().encode(file)));
          for (const line of lines) tokenizer.decode(tokenizer.encode(line, { pair: "x" }).inputIds);
          made++;
        } catch (error) {
          assert.ok(error instanceof SentensorError, String((error as Error).stack));
          refused++;
        }
      }),
      { numRuns: 150 },
    );
    assert.ok(made > 5 && refused > 5, `${made} made, ${refused} refused`);
  });
}

test("broken vocabularies and merges are refused by name", async () => {
  const roberta = (files: Files) => () =>
    loadTokenizer(folder({ "tokenizer_config.json": { tokenizer_class: "RobertaTokenizer" }, ...files }));
  await assert.rejects(roberta({}), { name: "FileError", code: "tokenizer-not-found" });
  for (const [files, missing] of [
    [{ "vocab.json": { a: 0 } }, "merges.txt"],
    [{ "merges.txt": "a b\n" }, "vocab.json"],
  ] as const) {
    await assert.rejects(roberta(files), {
      name: "FileError",
      code: "tokenizer-not-found",
      file: "a folder",
      message: `a folder: no tokenizer found: neither tokenizer.json nor ${missing}`,
    });
  }
  await assert.rejects(roberta({ "vocab.json": "[", "merges.txt": "" }), FormatError);
  await assert.rejects(roberta({ "vocab.json": { a: "0" }, "merges.txt": "" }), {
    code: "invalid-value",
    subject: "vocab.a",
  });
  const vocab = { a: 0, b: 1, ab: 2 };
  await assert.rejects(roberta({ "vocab.json": vocab, "merges.txt": "#version: 0.2\na b c\n" }), {
    code: "invalid-merges",
    message: /line 2/,
  });
  await assert.rejects(roberta({ "vocab.json": vocab, "merges.txt": "a b\n\na b\n" }), {
    code: "invalid-merges",
    message: /line 2/,
  });
  await assert.rejects(roberta({ "vocab.json": vocab, "merges.txt": "a c\n" }), {
    code: "missing-token",
    subject: "c",
  });
  await assert.rejects(roberta({ "vocab.json": vocab, "merges.txt": "b a\n" }), {
    code: "missing-token",
    subject: "ba",
  });
  const tokenizer = await roberta({ "vocab.json": vocab, "merges.txt": "#version: 0.2\r\na b\r\n" })();
  assert.deepEqual(tokenizer.tokenize("aab"), ["a", "ab"]);

  const model = (fields: object) => () =>
    partsFromJson(
      new TextEncoder().encode(JSON.stringify({ model: { type: "BPE", vocab, merges: [], ...fields } })),
    );
  assert.throws(model({ dropout: 0.1 }), { code: "unsupported-setting", subject: "model.dropout" });
  assert.doesNotThrow(model({ dropout: 0 }));
  assert.throws(model({ merges: ["a  b"] }), FormatError);
  assert.throws(model({ merges: [["a", "b", "c"]] }), FormatError);
  assert.throws(model({ merges: [["a", "b"], "a b"] }), FormatError);
});
