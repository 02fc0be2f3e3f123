import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { ArgumentError, SentensorError } from "../../src/errors.ts";
import { partsFromJson } from "../../src/tokenizer/json/from-json.ts";
import { loadTokenizer } from "../../src/tokenizer/load.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { cpuTime } from "../helpers/cpu-time.ts";
import { anyText } from "../helpers/text.ts";
import { folder } from "./folders.ts";
import { randomLines } from "./lines.ts";
import { mutated } from "./mutated.ts";
import { assertPairs } from "./pairs.ts";

const uncased = { $path: "test/fixtures/tokenizers/wordpiece-uncased.json" };
const cased = { $path: "test/fixtures/tokenizers/wordpiece-cased.vocab.txt" };
const folders = {
  uncased: { "tokenizer.json": uncased, "tokenizer_config.json": { tokenizer_class: "BertTokenizer" } },
  cased: {
    "vocab.txt": cased,
    "tokenizer_config.json": { tokenizer_class: "BertTokenizer", do_lower_case: false },
  },
  mpnet: { "tokenizer.json": uncased, "tokenizer_config.json": { tokenizer_class: "MPNetTokenizer" } },
};

const piece = fc.oneof(
  anyText({ maxLength: 20 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.constantFrom(
    "[CLS]",
    "[MASK]",
    "<s>",
    "<mask>",
    "≮s>",
    "\u0130",
    "\u0301",
    "\u302e",
    "\ud800",
    "the",
    " ",
  ),
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));

for (const [name, files] of Object.entries(folders)) {
  test(`${name}: ids alone equal the full encoding's, whatever the text and the limit`, async () => {
    const tokenizer = await loadTokenizer(folder(files));
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 20 }), fc.boolean(), (given, maxLength, left) => {
        const side = left ? "left" : "right";
        const sided = tokenizer.withSettings({ truncationSide: side });
        const whole = sided.encode(given).inputIds;
        assert.deepEqual(Array.from(sided.encodeIds(given)), whole);
        const { ids, truncated } = sided.encodeIdsWithin(given, maxLength);
        assert.deepEqual(Array.from(ids), sided.encode(given, { truncation: true, maxLength }).inputIds);
        assert.equal(truncated, whole.length > maxLength);
        assert.equal(sided.countTokens(given), whole.length);
      }),
      { numRuns: 300 },
    );
  });

  test(`${name}: ids and types of a pair equal the full encoding's, whatever the texts and the limit`, async () => {
    const tokenizer = await loadTokenizer(folder(files));
    assertPairs(tokenizer, text, 300);
  });

  test(`${name}: offsets lie in the text and do not go back`, async () => {
    const tokenizer = await loadTokenizer(folder(files));
    fc.assert(
      fc.property(text, (given) => {
        let last = 0;
        for (const [start, end] of tokenizer.encode(given, { addSpecialTokens: false }).offsets) {
          assert.ok(last <= start && start <= end && end <= given.length, `${last} ${start} ${end}`);
          last = start;
        }
      }),
      { numRuns: 200 },
    );
  });
}

test("marks that survive come in canonical order, for ids alone too", async () => {
  const tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##\u302e", "##\u{1d165}"];
  const tokenizer = await loadTokenizer(folder({ "vocab.txt": `${tokens.join("\n")}\n` }));
  const given = "a\u302e\u{1d165}"; // classes 224 and 216, neither is Mn
  assert.deepEqual(tokenizer.encode(given).inputIds, [2, 5, 7, 6, 3]);
  assert.deepEqual(Array.from(tokenizer.encodeIds(given)), [2, 5, 7, 6, 3]);
});

test("added tokens of the normalized text that look across a space are found for ids alone, too", () => {
  const normalizers = [null, { type: "NFKC" }, { type: "Replace", pattern: { String: "_" }, content: " " }];
  const flags = [{}, { single_word: true }, { lstrip: true }, { rstrip: true }];
  const vocab = Object.fromEntries(["[UNK]", "a", "ab", "cd", "q", "x"].map((token, id) => [token, id]));
  const make = (content: string, normalizer: unknown, flag: unknown) =>
    new Tokenizer(
      partsFromJson(
        new TextEncoder().encode(
          JSON.stringify({
            version: "1.0",
            added_tokens: [
              {
                ...{ id: 6, content, normalized: true, special: false },
                ...{ single_word: false, lstrip: false, rstrip: false },
                ...(flag as object),
              },
            ],
            normalizer,
            pre_tokenizer: { type: "WhitespaceSplit" },
            post_processor: null,
            decoder: null,
            model: {
              ...{ type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##" },
              ...{ max_input_chars_per_word: 100, vocab },
            },
          }),
        ),
      ),
    );
  for (const content of [" cd", "ab cd", "ab\u00a0cd", "ab\u3000cd", "ab_cd", "_cd", "cd", "ab "]) {
    for (const normalizer of normalizers) {
      for (const flag of flags) {
        const tokenizer = make(content, normalizer, flag);
        for (const given of ["a cd x", "q ab cd x", "q ab\u00a0cd x", "q ab_cd x", "a  cd", "ab ab cd cd"]) {
          const what = JSON.stringify([content, normalizer, flag, given]);
          assert.deepEqual(Array.from(tokenizer.encodeIds(given)), tokenizer.encode(given).inputIds, what);
        }
      }
    }
  }
  // tokenizers 0.23.2 gives these.
  assert.deepEqual(make(" cd", null, { single_word: true }).encode("a cd x").inputIds, [1, 3, 5]);
  assert.deepEqual(make("ab\u00a0cd", { type: "NFKC" }, {}).encode("q ab cd x").inputIds, [4, 6, 5]);
});

test("a lone surrogate counts as U+FFFD, and offsets stay those of the text", async () => {
  const tokenizer = await loadTokenizer(folder(folders.cased));
  const given = "the \ud800 fox \udc00\ud801 dog";
  const encoding = tokenizer.encode(given, { addSpecialTokens: false });
  assert.deepEqual(
    encoding.inputIds,
    tokenizer.encode("the \ufffd fox \ufffd\ufffd dog", { addSpecialTokens: false }).inputIds,
  );
  assert.equal(encoding.offsets.at(-1)![1], given.length);
  assert.ok(encoding.offsets.some(([start]) => start === given.indexOf("dog")));
  assert.deepEqual(Array.from(tokenizer.encodeIds(given, { addSpecialTokens: false })), encoding.inputIds);
});

test("a word of a million letters is unknown in linear time", async () => {
  const tokenizer = await loadTokenizer(folder(folders.uncased));
  const word = "a".repeat(1_000_000);
  const started = cpuTime();
  assert.deepEqual(Array.from(tokenizer.encodeIds(word)), [2, 1, 3]);
  assert.deepEqual(tokenizer.encode(word).offsets, [
    [0, 0],
    [0, 1_000_000],
    [0, 0],
  ]);
  assert.ok(cpuTime() - started < 5000);
});

test("the cache of words is bounded: ids stay right after more words than it holds", async () => {
  const tokenizer = await loadTokenizer(folder(folders.uncased));
  for (let i = 0; i < 40_000; i++) tokenizer.encodeIds(`w${i}ing`);
  for (const i of [0, 1, 39_999]) {
    assert.deepEqual(Array.from(tokenizer.encodeIds(`w${i}ing`)), tokenizer.encode(`w${i}ing`).inputIds);
  }
});

test("a text that is no string is the caller's mistake", async () => {
  const tokenizer = await loadTokenizer(folder(folders.uncased));
  for (const value of [undefined, null, 3, ["a"]] as unknown as string[]) {
    assert.throws(() => tokenizer.encode(value), ArgumentError);
    assert.throws(() => tokenizer.encodeIds(value), ArgumentError);
    assert.throws(() => tokenizer.encodeBatch([value]), ArgumentError);
  }
  assert.throws(() => tokenizer.encodeIds("a", { maxLength: 1 }), {
    code: "limit-too-small",
    message: "maxLength: expected at least 2 (the special tokens), got 1",
  });
  for (const maxLength of [-1, 2.5, Number.NaN]) {
    assert.throws(() => tokenizer.encodeIds("a", { maxLength }), {
      code: "invalid-argument",
      subject: "maxLength",
    });
  }
  assert.throws(
    () => tokenizer.encode("a", { truncation: "middle" as "only_first", maxLength: 5 }),
    ArgumentError,
  );
  assert.throws(() => tokenizer.encode("a", { padding: "some" as "longest" }), ArgumentError);
});

test("a batch is padded to its longest text, on the side asked for", async () => {
  const tokenizer = await loadTokenizer(folder(folders.uncased));
  const texts = ["the quick brown fox", "the", ["the", "fox"]] as const;
  const alone = texts.map((given) =>
    typeof given === "string" ? tokenizer.encode(given) : tokenizer.encode(given[0], { pair: given[1] }),
  );
  const longest = Math.max(...alone.map((encoding) => encoding.length));
  assert.ok(
    alone.some((encoding) => encoding.length < longest),
    "the premise needs padding in the batch",
  );
  for (const paddingSide of ["right", "left"] as const) {
    for (const [i, encoding] of tokenizer.encodeBatch(texts, { padding: true, paddingSide }).entries()) {
      const missing = new Array<number>(longest - alone[i]!.length).fill(0);
      const expected =
        paddingSide === "right" ? [...alone[i]!.inputIds, ...missing] : [...missing, ...alone[i]!.inputIds];
      assert.deepEqual(encoding.inputIds, expected);
    }
  }
});

test("a mutated tokenizer.json gives a tokenizer or a typed error, in bounded time", async () => {
  const bytes = await folder(folders.uncased).read("tokenizer.json");
  const original = JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  const lines = randomLines(5, 3);
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
    { numRuns: 600 },
  );
  assert.ok(made > 20 && refused > 20, `${made} made, ${refused} refused`);
});

test("bytes that are no JSON, and JSON that is no tokenizer, are refused by name", () => {
  const file = "folder/tokenizer.json";
  const read = (text: string) => () => partsFromJson(new TextEncoder().encode(text), file);
  assert.throws(read("{"), { name: "FormatError", code: "invalid-json", file });
  assert.throws(() => partsFromJson(Uint8Array.of(0xff, 0xfe)), { code: "invalid-utf8" });
  assert.throws(read("[]"), { code: "invalid-value", file });
  assert.throws(read("{}"), { code: "missing-key", subject: "model", file });
  assert.throws(read('{"version":"2.0"}'), {
    code: "invalid-value",
    subject: "version",
    message: /expected "1.0", found "2.0"$/,
  });
  assert.throws(read('{"model":{"type":"Perceptron"}}'), {
    name: "UnsupportedError",
    code: "unknown-tokenizer-component",
    subject: "Perceptron",
    file,
  });
  const deep = `${'{"type":"Sequence","normalizers":['.repeat(5000)}${"]}".repeat(5000)}`;
  assert.throws(read(`{"model":{"type":"WordPiece"},"normalizer":${deep}}`), {
    code: /^(nested-too-deeply|invalid-json)$/, // a JSON.parse that recurses is the first to fail
  });
});
