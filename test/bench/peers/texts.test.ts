import assert from "node:assert/strict";
import test from "node:test";
import { spread, textsOfLength } from "../../../bench/peers/texts.ts";

test("a sample comes evenly from all of the corpus", () => {
  const corpus = Array.from({ length: 10 }, (_, i) => `${i}`);
  assert.deepEqual(spread(corpus, 4), ["0", "2", "5", "7"]);
  assert.deepEqual(spread(corpus, 10), corpus);
});

/** One token for every three letters of a word, and two special tokens. */
const countTokens = async (texts: readonly string[]) =>
  texts.map((text) => 2 + (text.match(/[a-z]{1,3}/g) ?? []).length);

const words = Array.from({ length: 400 }, (_, i) =>
  [...`${1000 + i}`].map((digit) => "abcdefghij"[Number(digit)]).join(""),
);
const corpus = [`the ${words.join(" ")} to an end of it`];

test("texts have exactly as many tokens as were asked for", async () => {
  const texts = await textsOfLength([8, 33, 128], corpus, countTokens);
  assert.deepEqual(await countTokens(texts), [8, 33, 128]);
  assert.ok(new Set(texts[2]!.split(" ")).size > 50, "they are made of many words");
});

test("a length that the words cannot make is refused", async () => {
  await assert.rejects(textsOfLength([5000], corpus, countTokens), /the tokenizer counts \d+/);
});
