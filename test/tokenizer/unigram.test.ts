import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import fc from "fast-check";
import { SentensorError, UnsupportedError } from "../../src/errors.ts";
import { MemorySource } from "../../src/sources/memory-source.ts";
import { IdBuffer } from "../../src/tokenizer/fast/id-buffer.ts";
import { loadTokenizer } from "../../src/tokenizer/load.ts";
import { Unigram } from "../../src/tokenizer/models/unigram.ts";
import { Precompiled } from "../../src/tokenizer/normalizers/precompiled.ts";
import { PlainText } from "../../src/tokenizer/text/editable-text.ts";
import { cpuTime } from "../helpers/cpu-time.ts";
import { folder } from "./folders.ts";
import { randomLines } from "./lines.ts";
import { byteToken, naiveUnigram } from "./naive-unigram.ts";

const file = new URL("../fixtures/tokenizers/spm-unigram.model", import.meta.url);

function unigram(
  pieces: readonly (readonly [string, number])[],
  unkId: number | null = 0,
  byteFallback = false,
) {
  const scores = Float64Array.from(pieces, ([, score]) => score);
  return new Unigram({ tokens: pieces.map(([piece]) => piece), scores, unkId, byteFallback });
}

function cut(model: Unigram, word: string): string[] {
  return model.tokenize(word).map(({ start, end }) => word.slice(start, end));
}

test("the most likely pieces are taken, and neighbouring unknown characters are one", () => {
  const model = unigram([
    ["<unk>", 0],
    ["a", 0],
    ["b", 0],
    ["c", 0],
    ["d", 0],
    ["cd", 1],
    ["ab", 2],
    ["abc", 5],
    ["abcd", 10],
  ]);
  assert.deepEqual(cut(model, "abcd"), ["abcd"]);
  assert.deepEqual(cut(model, "abcdacdxx"), ["abcd", "a", "cd", "xx"]);
  assert.deepEqual(
    model.tokenize("xxa").map(({ id }) => id),
    [0, 1],
  );
});

test("of equally likely ways, the one that was found first stays", () => {
  // "ab" + "c" and "a" + "bc" are worth the same; what begins earlier reaches the end later.
  const model = unigram([
    ["<unk>", 0],
    ["a", -1],
    ["bc", -2],
    ["ab", -2],
    ["c", -1],
  ]);
  assert.deepEqual(cut(model, "abc"), ["a", "bc"]);
});

test("an unknown character costs ten more than the least likely piece", () => {
  // The least is -3: an unknown character is worth -13, which "xy" beats only where it is worth more.
  const pieces = (score: number): [string, number][] => [
    ["<unk>", 0],
    ["x", -3],
    ["xyz", score],
  ];
  assert.deepEqual(cut(unigram(pieces(-28)), "xyz"), ["xyz"]); // -28 is the least now: -38 for y and for z
  assert.deepEqual(cut(unigram([...pieces(-30), ["q", -3]]), "xyz"), ["xyz"]);
  assert.deepEqual(
    unigram([...pieces(-2), ["y", -100]])
      .tokenize("xy")
      .map(({ id }) => id),
    [1, 3],
  );
});

test("bytes stand for an unknown piece only if all of them are there", () => {
  const bytes: [string, number][] = [
    ["<0xC3>", 0],
    ["<0xA9>", 0],
  ];
  const all = unigram([["<unk>", 0], ["a", 0], ...bytes], 0, true);
  assert.deepEqual(
    all.tokenize("aé").map(({ id, start, end }) => [id, start, end]),
    [
      [1, 0, 1],
      [2, 1, 2],
      [3, 1, 2],
    ],
  );
  assert.deepEqual(
    all.tokenize("aé!").map(({ id }) => id),
    [1, 0],
  );
});

const known = fc.constantFrom("a", "é", "😀");
const anyCharacter = fc.oneof(
  { arbitrary: known, weight: 5 },
  { arbitrary: fc.constantFrom("x", "漢", "🙂", "\u0301"), weight: 1 },
);
const anyPiece = fc.oneof(
  { arbitrary: fc.string({ unit: known, minLength: 1, maxLength: 4 }), weight: 4 },
  { arbitrary: fc.constantFrom("<unk>", "", "漢a", "éx", "x漢"), weight: 1 },
);
/** Few different scores, so that many ways are equally likely, also with unknown characters; or no two that are equal. */
const scoring = fc.constantFrom(
  fc.integer({ min: -3, max: 0 }),
  fc.constantFrom(-20, -12, -10, -8, 0),
  fc.double({ min: -20, max: 0, noNaN: true }),
);
const bytesOf = anyCharacter.map((character) => Array.from(new TextEncoder().encode(character), byteToken));
const vocabulary = fc
  .record({
    pieces: scoring.chain((score) => fc.array(fc.tuple(anyPiece, score), { minLength: 3, maxLength: 24 })),
    bytes: fc.array(bytesOf, { maxLength: 6 }),
  })
  .map(({ pieces, bytes }) => [...pieces, ...bytes.flat().map((token) => [token, -5] as const)]);

test("every word is cut as the naive algorithm cuts it, whatever the vocabulary", () => {
  const seen = { ties: 0, unknownRuns: 0, bytes: 0, errors: 0 };
  fc.assert(
    fc.property(
      vocabulary,
      fc.option(fc.nat(20)),
      fc.boolean(),
      fc.array(fc.string({ unit: anyCharacter, maxLength: 12 }), { minLength: 1, maxLength: 6 }),
      (pieces, unkIndex, byteFallback, words) => {
        const unkId = unkIndex === null ? null : unkIndex % pieces.length;
        const tokens = pieces.map(([piece]) => piece);
        const scores = Float64Array.from(pieces, ([, each]) => each);
        const options = { tokens, scores, unkId, byteFallback };
        const model = new Unigram(options);
        for (const word of words) {
          const expected = naiveUnigram(word, options);
          const ids = new IdBuffer();
          if (expected === null) {
            assert.throws(() => model.tokenize(word), { code: "no-unknown-token" });
            assert.throws(() => model.appendIds(word, ids), { code: "no-unknown-token" });
            seen.errors++;
            continue;
          }
          assert.deepEqual(model.tokenize(word), expected.tokens);
          model.appendIds(word, ids);
          assert.deepEqual(
            [...ids.copy()],
            expected.tokens.map(({ id }) => id),
          );
          if (expected.hasTie) seen.ties++;
          for (const { id, value, start, end } of expected.tokens) {
            if (id === unkId && Array.from(value).length > 1) seen.unknownRuns++;
            if (value !== word.slice(start, end)) seen.bytes++;
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 50, `the premise: ${count} ${what}`);
});

test("texts without a space are cut in linear time", async () => {
  const tokenizer = await loadTokenizer(
    folder({
      "sentencepiece.bpe.model": { $path: "test/fixtures/tokenizers/spm-unigram.model" },
      "tokenizer_config.json": { tokenizer_class: "XLMRobertaTokenizer" },
    }),
  );
  for (const unit of ["the", "漢", "e\u0301", "\u0600\u200d"]) {
    const text = unit.repeat(Math.floor(300_000 / unit.length));
    const started = cpuTime();
    const ids = tokenizer.encodeIds(text);
    assert.ok(ids.length > 2);
    assert.ok(cpuTime() - started < 3000, unit);
  }
});

test("a model of SentencePiece with another algorithm than its class needs is an error with a code and its file", async () => {
  // One piece "a", and the number of the algorithm in the settings of the training.
  const pieces = (algorithm: number) => Uint8Array.of(10, 3, 10, 1, 97, 18, 2, 24, algorithm);
  const expected = [
    ["XLMRobertaTokenizer", "sentencepiece.bpe.model", 2, "bpe"],
    ["LlamaTokenizer", "tokenizer.model", 3, "word"],
  ] as const;
  for (const [tokenizer_class, path, number, algorithm] of expected) {
    const config = new TextEncoder().encode(JSON.stringify({ tokenizer_class }));
    const files = new Map([
      ["tokenizer_config.json", config],
      [path, pieces(number)],
    ]);
    await assert.rejects(loadTokenizer(new MemorySource(files)), (error) => {
      assert.ok(error instanceof UnsupportedError, String(error));
      assert.deepEqual([error.code, error.subject, error.file], ["wrong-tokenizer-model", algorithm, path]);
      assert.match(error.message, new RegExp(`^${path}: [^:]*"${algorithm}"`));
      return true;
    });
  }
});

test("a mutated model of SentencePiece gives a tokenizer or a typed error", async () => {
  const original = new Uint8Array(readFileSync(file));
  const config = new TextEncoder().encode('{"tokenizer_class":"XLNetTokenizer"}');
  const lines = randomLines(3, 4);
  let made = 0;
  let refused = 0;
  const change = fc.record({ at: fc.nat(original.length - 1), byte: fc.nat(255) });
  const length = fc.oneof(
    { arbitrary: fc.constant(original.length), weight: 3 },
    { arbitrary: fc.nat(original.length), weight: 1 },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), length, async (changes, kept) => {
      const bytes = original.subarray(0, kept).slice();
      for (const { at, byte } of changes) if (at < kept) bytes[at] = byte;
      const files = new Map([
        ["spiece.model", bytes],
        ["tokenizer_config.json", config],
      ]);
      try {
        const tokenizer = await loadTokenizer(new MemorySource(files));
        for (const line of lines) tokenizer.decode(tokenizer.encode(line).inputIds);
        made++;
      } catch (error) {
        assert.ok(error instanceof SentensorError, String((error as Error).stack));
        refused++;
      }
    }),
    { numRuns: 200 },
  );
  assert.ok(made > 10 && refused > 10, `${made} made, ${refused} refused`);
});

test("a charsmap that leads nowhere is refused when it is followed", () => {
  assert.throws(
    () => new Precompiled(Uint8Array.of(1, 2)),
    /precompiled_charsmap: expected at least 4 bytes/,
  );
  assert.throws(
    () => new Precompiled(Uint8Array.of(16, 0, 0, 0, 1, 2)),
    /expected a trie of 16 bytes, found 2/,
  );
  const words = new Uint32Array([8, 0xffffffff, 0]);
  const charsmap = new Uint8Array(words.buffer.slice(0));
  assert.throws(() => new Precompiled(charsmap).normalize(new PlainText("a")), /the trie leads to unit/);
});
