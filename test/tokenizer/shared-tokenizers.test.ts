import assert from "node:assert/strict";
import test from "node:test";
import { loadTokenizer } from "../../src/tokenizer/load.ts";
import {
  allLines,
  digest,
  type Files,
  fixture,
  folder,
  type Oracle,
  readShared,
  withoutShared,
} from "./folders.ts";
import { blockLines, randomLines } from "./lines.ts";

interface Shared {
  readonly oracle: Oracle;
  readonly seed: number;
  readonly randomLines: number;
  readonly lines: number;
  readonly perBlock: number;
  readonly tokenizers: {
    readonly [name: string]: {
      readonly files: Files;
      readonly count: number;
      readonly ids: readonly string[];
      readonly full: readonly string[];
      readonly samples: { readonly [line: string]: readonly number[] };
    };
  };
}

const expected = fixture<Shared>("shared.json");
const byteLevel = fixture<Shared>("shared-byte-level.json");
assert.deepEqual(
  { ...byteLevel, tokenizers: {} },
  { ...expected, tokenizers: {} },
  "regenerate with test/fixtures/tokenizers/generate_byte_level.py",
);
const tokenizers = { ...expected.tokenizers, ...byteLevel.tokenizers };

/** Ids, and offsets and tokens, are compared for every n-th block: SENTENSOR_ALL_LINES=1 compares them all. */
const everyBlock = { ids: allLines ? 1 : 24, full: allLines ? 1 : 120 };

/** The same pieces under other classes; each takes up to a second to load. */
const isVariant = (name: string) => /'s pieces as | as it is$|\.bpe\.model$/.test(name);

const texts =
  withoutShared === false
    ? [
        ...readShared("corpus/definitions.txt").split("\n"),
        ...readShared("corpus/mixed-length.txt").split("\n"),
        ...blockLines(),
        ...randomLines(expected.seed, expected.randomLines),
      ]
    : [];

for (const [name, { files, count, ids, full, samples }] of Object.entries(tokenizers)) {
  test(`${name}: ids, tokens and offsets of ${expected.lines} lines are those of tokenizers ${expected.oracle.tokenizers}`, {
    skip:
      withoutShared || (!allLines && isVariant(name) && "a variant: SENTENSOR_ALL_LINES=1 compares it, too"),
  }, async () => {
    assert.equal(texts.length, expected.lines, "regenerate with test/fixtures/tokenizers/generate.py");
    const tokenizer = await loadTokenizer(folder(files));
    for (const [line, wanted] of Object.entries(samples)) {
      assert.deepEqual(Array.from(tokenizer.encodeIds(texts[Number(line)]!)), wanted);
    }
    let tokens = 0;
    for (const [block, wanted] of ids.entries()) {
      if (block % everyBlock.ids !== 0) continue;
      const start = block * expected.perBlock;
      const some = texts.slice(start, start + expected.perBlock);
      const encoded = some.map((line) => tokenizer.encodeIds(line));
      for (const line of encoded) tokens += line.length;
      assert.equal(digest(encoded.map((line) => line.join(" "))), wanted, `ids of the lines from ${start}`);
      if (block % everyBlock.full !== 0) continue;
      const described = some.map((line) => {
        const encoding = tokenizer.encode(line);
        return encoding.tokens.map((token, i) => `${encoding.offsets[i]},${token}`).join("\t");
      });
      assert.equal(digest(described), full[block], `tokens and offsets of the lines from ${start}`);
    }
    if (allLines) assert.equal(tokens, count);
  });
}
