import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { type ChunkingModel, chunkSpans, chunkText } from "../../src/chunking/chunk-text.ts";
import { SentenceTransformer } from "../../src/sentence-transformer.ts";
import { FolderSource } from "../../src/sources/folder-source-node.ts";
import { loadTokenizer } from "../../src/tokenizer/load.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { randomNumbers } from "../helpers/random.ts";

type Tokenizer = ChunkingModel["tokenizer"];

function modelOf(tokenizer: Tokenizer, maxSeqLength: number): ChunkingModel {
  return { tokenizer, maxSeqLength, prompts: { query: "query: " }, defaultPromptName: null };
}

const wordPiece = await loadTokenizer(new FolderSource(modelFolder("demo-en")));

/** Blanks belong to the word behind them, a token is a byte: several tokens share the place of one character. */
const byteLevel: Tokenizer = {
  encode(text) {
    const offsets: [number, number][] = [];
    const wordIds: number[] = [];
    for (const [word, match] of [...text.matchAll(/\s?[^\s]+|\s+/gu)].entries()) {
      let at = match.index;
      for (const character of match[0]) {
        for (const _ of new TextEncoder().encode(character)) {
          offsets.push([at, at + character.length]);
          wordIds.push(word);
        }
        at += character.length;
      }
    }
    return { offsets, wordIds };
  },
  countTokens: (text) => 2 + new TextEncoder().encode(text).length,
};

/** Like Metaspace with a prefix: what stands alone is a token longer than inside a text. Words of three letters a token. */
const metaspace: Tokenizer = {
  encode(text) {
    const offsets: [number, number][] = [];
    const wordIds: number[] = [];
    for (const [word, match] of [...text.matchAll(/[^ ]+/gu)].entries()) {
      for (let start = 0; start < match[0].length; start += 3) {
        offsets.push([match.index + start, match.index + Math.min(start + 3, match[0].length)]);
        wordIds.push(word);
      }
    }
    return { offsets, wordIds };
  },
  countTokens: (text) =>
    (text === "" ? 0 : 1) + metaspace.encode(text, { addSpecialTokens: false }).offsets.length,
};

const tokenizers = { wordPiece, byteLevel, metaspace };

const parts = [
  ..."word uncharacteristically . 日本 - x e\u0301 \u{1f469}\u200d\u{1f469}\u200d\u{1f467} 1990s \ud83d \ude42".split(
    " ",
  ),
  ..." | |  |\n|\r\n|\u00a0".split("|"),
];

/** Made from a seed, so that a failure is found again and made smaller in no time. */
function textOf(seed: number, length: number): string {
  const random = randomNumbers(seed);
  return Array.from({ length }, () => parts[Math.floor(parts.length * random())]!).join("");
}

const texts = fc.tuple(fc.nat(), fc.nat(120)).map(([seed, length]) => textOf(seed, length));

for (const [name, tokenizer] of Object.entries(tokenizers)) {
  test(`${name}: pieces fit, are the text again, and end where no token and no surrogate pair is cut`, () => {
    let cuts = 0;
    fc.assert(
      fc.property(texts, fc.integer({ min: 12, max: 40 }), (text, maxSeqLength) => {
        const model = modelOf(tokenizer, maxSeqLength);
        const pieces = chunkText(text, model);
        assert.equal(pieces.join(""), text);
        const inside = new Set<number>();
        for (const [start, end] of tokenizer.encode(text, { addSpecialTokens: false }).offsets) {
          for (let position = start + 1; position < end; position++) inside.add(position);
        }
        for (const [start, end] of chunkSpans(text, model)) {
          assert.ok(tokenizer.countTokens(text.slice(start, end)) <= maxSeqLength);
          assert.ok(end > start || text === "");
          assert.ok(!inside.has(end));
          assert.ok(!/^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(end - 1, end + 1)));
          if (end < text.length) cuts++;
        }
      }),
      { numRuns: 120 },
    );
    assert.ok(cuts > 60, `${cuts} cuts`);
  });

  test(`${name}: pieces that overlap cover the text, share at most so many tokens, and all bring something new`, () => {
    let shared = 0;
    fc.assert(
      fc.property(
        texts,
        fc.integer({ min: 12, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        (text, maxSeqLength, overlap) => {
          const spans = chunkSpans(text, modelOf(tokenizer, maxSeqLength), { overlap });
          const { offsets } = tokenizer.encode(text, { addSpecialTokens: false });
          let covered = 0;
          for (const [start, end] of spans) {
            assert.ok(start <= covered && (end > covered || text === ""));
            assert.ok(tokenizer.countTokens(text.slice(start, end)) <= maxSeqLength);
            const common = offsets.filter(([from, to]) => from >= start && to <= covered).length;
            assert.ok(common <= overlap);
            shared += common;
            covered = end;
          }
          assert.equal(covered, text.length);
        },
      ),
      { numRuns: 120 },
    );
    assert.ok(shared > 60, `${shared} tokens`);
  });
}

test("words stay whole where there are blanks, and blanks stay behind them", () => {
  const text = "one two three\nfour  five six seven";
  assert.deepEqual(chunkText(text, modelOf(metaspace, 5)), ["one two three\n", "four  five ", "six seven"]);
  // Where a blank is part of the token behind it, it cannot be cut off.
  const withBlanks: Tokenizer = {
    encode: (text) => {
      const offsets = Array.from(
        text.matchAll(/\s?\S+|\s/g),
        ({ 0: { length }, index }) => [index, index + length] as const,
      );
      return { offsets, wordIds: Array.from(offsets.keys()) };
    },
    countTokens: (text) => Array.from(text.matchAll(/\s?\S+|\s/g)).length,
  };
  assert.deepEqual(chunkText("aa bb cc dd ee", modelOf(withBlanks, 2)), ["aa bb", " cc dd", " ee"]);
});

test("where blanks are too far apart, words without blanks between them stay whole, else tokens", () => {
  const tokenizer: Tokenizer = {
    encode: (text) => ({
      offsets: Array.from(text, (_, i) => [i, i + 1] as const),
      wordIds: Array.from(text, (_, i) => Math.floor(i / 4)),
    }),
    countTokens: (text) => text.length,
  };
  assert.deepEqual(chunkText("abcdefghijkl", modelOf(tokenizer, 7)), ["abcd", "efgh", "ijkl"]);
  assert.deepEqual(chunkText("abcdefgh", modelOf(tokenizer, 3)), ["abc", "d", "efg", "h"]);
});

test("marks, joined emoji and line ends of two characters stay together where it can be helped", () => {
  const tokenizer: Tokenizer = {
    encode: (text) => ({
      offsets: Array.from(text, (_, i) => [i, i + 1] as const),
      wordIds: Array.from(text, () => 0),
    }),
    countTokens: (text) => text.length,
  };
  assert.deepEqual(chunkText("abcde\u0301\u0302fg", modelOf(tokenizer, 5)), ["abcd", "e\u0301\u0302fg"]);
  assert.deepEqual(chunkText("abc\r\ndef", modelOf(tokenizer, 4)), ["abc", "\r\n", "def"]);
  assert.deepEqual(chunkText(`e${"\u0301".repeat(6)}`, modelOf(tokenizer, 3)), [
    "e\u0301\u0301",
    "\u0301\u0301\u0301",
    "\u0301",
  ]);
});

test("a prompt takes its room, and the model's default prompt does too", () => {
  const model = modelOf(byteLevel, 30);
  const text = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do";
  const prompted = chunkText(text, model, { promptName: "query" });
  assert.ok(prompted.length > chunkText(text, model).length);
  assert.ok(prompted.every((piece) => byteLevel.countTokens(`query: ${piece}`) <= 30));
  assert.deepEqual(chunkText(text, model, { prompt: "query: " }), prompted);
  assert.deepEqual(chunkText(text, { ...model, defaultPromptName: "query" }), prompted);
});

test("a text that fits is not cut, and nothing limits a model without limit", () => {
  for (const text of ["", " ", "short", "a  b\n"]) {
    assert.deepEqual(chunkText(text, modelOf(wordPiece, 16)), [text]);
  }
  const long = "word ".repeat(5000);
  assert.deepEqual(chunkText(long, modelOf(wordPiece, Number.POSITIVE_INFINITY)), [long]);
  assert.equal(chunkText(long, modelOf(wordPiece, 128), { maxLength: 9998 + 2 }).length, 1);
});

test("what leaves no room is refused", () => {
  const model = modelOf(byteLevel, 10);
  const text = "a long text of many words";
  for (const [options, code, subject] of [
    [{ overlap: 8 }, "overlap-too-large", "overlap"],
    [{ prompt: "12345678" }, "overlap-too-large", "overlap"],
    [{ overlap: -1 }, "invalid-argument", "overlap"],
    [{ maxLength: 0 }, "invalid-argument", "maxLength"],
  ] as const) {
    assert.throws(() => chunkText(text, model, options), { name: "ArgumentError", code, subject });
  }
  assert.throws(() => chunkText("abc 👩 def", modelOf(byteLevel, 5)), {
    name: "ArgumentError",
    code: "text-not-divisible",
    message: /the text at 4 /,
  });
  assert.throws(() => chunkText(7 as unknown as string, model), { name: "ArgumentError" });
});

test("a loaded model embeds every piece to its end", async () => {
  const model = await SentenceTransformer.load(modelFolder("demo-en"), { backend: "js", maxSeqLength: 16 });
  const text =
    "The quick brown fox, which nobody had seen before, jumped over twelve uncharacteristically lazy dogs.";
  const pieces = chunkText(text, model);
  assert.ok(pieces.length > 1);
  for (const { truncated } of await model.encode(pieces, { outputValue: null }))
    assert.equal(truncated, false);
  await model.dispose();
});

const corpus = fileURLToPath(new URL("../../../shared/corpus/mixed-length.txt", import.meta.url));

test("a long real text is cut between words into pieces that are nearly full", {
  skip: existsSync(corpus) ? false : "../shared/corpus is not here",
}, () => {
  const text = readFileSync(corpus, "utf8").slice(0, 100_000);
  const pieces = chunkText(text, modelOf(wordPiece, 128));
  assert.equal(pieces.join(""), text);
  const lengths = pieces.map((piece) => wordPiece.countTokens(piece));
  assert.ok(Math.max(...lengths) <= 128);
  assert.ok(lengths.slice(0, -1).every((length) => length > 64));
  assert.ok(lengths.reduce((sum, length) => sum + length) / lengths.length > 120);
  assert.ok(pieces.slice(0, -1).every((piece) => /\s$/.test(piece)));
});
