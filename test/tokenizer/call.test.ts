/** Calls of a tokenizer, as transformers' tokenizers are called: fixtures/tokenizers/generate_call.py. */
import assert from "node:assert/strict";
import test from "node:test";
import { callableTokenizer, type TokenizerCallOptions } from "../../src/auto/tokenizer-call.ts";
import { ArgumentError } from "../../src/errors.ts";
import type { Tensor } from "../../src/index.ts";
import { loadTokenizer } from "../../src/tokenizer/load.ts";
import type { TextOrPair } from "../../src/tokenizer/tokenizer.ts";
import { allLines, type Files, fixture, folder, type Oracle } from "./folders.ts";

type Texts = string | readonly TextOrPair[];

interface Calls {
  readonly oracle: Oracle;
  readonly inputs: { readonly [name: string]: Texts };
  readonly grid: {
    readonly inputs: { readonly [name: string]: Texts };
    readonly options: readonly TokenizerCallOptions[];
    /** Ids of each text; null where the reference raises, or has no room for the special tokens. */
    readonly results: readonly (readonly (readonly number[])[] | null)[];
    readonly tokenizers: {
      readonly [name: string]: {
        readonly files: Files;
        /** Of each input: for each of the options, an index into `results`. */
        readonly expected: { readonly [input: string]: readonly number[] };
      };
    };
  };
  readonly names: {
    readonly [tokenizer: string]: {
      readonly files: Files;
      readonly calls: readonly {
        readonly input: string;
        readonly options: TokenizerCallOptions;
        /** Keys as Python spells them. */
        readonly expected: { readonly [name: string]: readonly (readonly number[])[] };
      }[];
    };
  };
}

const { oracle, inputs, names, grid } = fixture<Calls>("call.json.gz");

for (const [name, { files, calls }] of Object.entries(names)) {
  test(`${name}: a call gives the names and numbers of transformers ${oracle.transformers}`, async () => {
    const tokenizer = callableTokenizer(await loadTokenizer(folder(files)));
    for (const { input, options, expected } of calls) {
      const batch = tokenizer(inputs[input]!, { padding: true, ...options });
      const given = Object.entries<Tensor>({ ...batch }).map(([key, tensor]) => [
        key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        tensor.toArray(),
      ]);
      assert.deepEqual(Object.fromEntries(given), expected, JSON.stringify({ input, options }));
      for (const text of [inputs[input]!].flat(2)) {
        assert.deepEqual([...tokenizer.encodeIds(text)], tokenizer.encode(text).inputIds, text);
      }
    }
  });
}

/**
 * There are 36,750 combinations: each of the five inputs of each of the five tokenizers takes some of the options
 * unless all are asked for, and all options have their turn. 11 divides none of the numbers of values that an option
 * has, so that each input still meets every value.
 */
const every = allLines ? 1 : 11;
const spelledOptions = grid.options.map((options) => JSON.stringify(options));

for (const [tokenizerIndex, [name, { files, expected }]] of Object.entries(grid.tokenizers).entries()) {
  test(`${name}: padding, truncation and lengths cut and fill as in transformers ${oracle.transformers}`, async () => {
    const tokenizer = callableTokenizer(await loadTokenizer(folder(files)));
    for (const [inputIndex, [input, indices]] of Object.entries(expected).entries()) {
      const texts = grid.inputs[input]!;
      const batch = typeof texts === "string" ? [texts] : texts;
      const first = tokenizerIndex * Object.keys(expected).length + inputIndex;
      assert.equal(indices.length, grid.options.length);
      for (const [i, options] of grid.options.entries()) {
        if ((first + i) % every !== 0) continue;
        const what = `${input}, ${spelledOptions[i]}`;
        const ids = grid.results[indices[i]!]!;
        const encodeBatch = () => tokenizer.encodeBatch(batch, options).map(({ inputIds }) => inputIds);
        const encode = () => {
          const [text, pair] = [batch[0]!].flat();
          return tokenizer.encode(text!, { ...options, pair }).inputIds;
        };
        const call = () => tokenizer(texts, options).inputIds.toArray();
        if (ids === null) {
          assert.throws(encodeBatch, ArgumentError, what);
          assert.throws(call, ArgumentError, what);
          if (batch.length === 1) assert.throws(encode, ArgumentError, what);
          continue;
        }
        assert.deepEqual(encodeBatch(), ids, what);
        if (batch.length === 1) assert.deepEqual(encode(), ids[0], what);
        if (ids.every(({ length }) => length === ids[0]!.length)) assert.deepEqual(call(), ids, what);
        else assert.throws(call, { code: "uneven-lengths" }, what);
      }
    }
  });
}

test("an infinite maxLength is no limit, and nothing to pad to", async () => {
  const tokenizer = await loadTokenizer(folder(grid.tokenizers["a limit of 8"]!.files));
  const text = "The quick brown fox jumps over the lazy dog";
  const { inputIds } = tokenizer.encode(text);
  assert.ok(inputIds.length > 8);
  const maxLength = Number.POSITIVE_INFINITY;
  for (const options of [{}, { truncation: true }, { padding: "max_length" }] as const)
    assert.deepEqual(tokenizer.encode(text, { maxLength, ...options }).inputIds, inputIds);
});

test("every error of lengths and strategies has a code, and names its option", async () => {
  const { files } = grid.tokenizers["a limit of 8"]!;
  const tokenizer = callableTokenizer(await loadTokenizer(folder(files)));
  const { files: unpadded } = grid.tokenizers["no limit, no padding token"]!;
  const withoutPadding = callableTokenizer(await loadTokenizer(folder(unpadded)));
  const long = "The quick brown fox jumps over the lazy dog";
  const expected: readonly (readonly [() => unknown, code: string, subject: string])[] = [
    [() => tokenizer("a", { truncation: "longest" as never }), "invalid-argument", "truncation"],
    [() => tokenizer("a", { truncation: null as never }), "invalid-argument", "truncation"],
    [() => tokenizer("a", { truncation: 4 as never }), "invalid-argument", "truncation"],
    [() => tokenizer("a", { padding: "max" as never }), "invalid-argument", "padding"],
    [() => tokenizer("a", { padding: null as never }), "invalid-argument", "padding"],
    [() => tokenizer("a", { maxLength: -1 }), "invalid-argument", "maxLength"],
    [() => tokenizer("a", { maxLength: 1.5 }), "invalid-argument", "maxLength"],
    [() => tokenizer("a", { maxLength: null as never }), "invalid-argument", "maxLength"],
    [() => tokenizer("a", { maxLength: "4" as never }), "invalid-argument", "maxLength"],
    [() => tokenizer("a", { padding: true, padToMultipleOf: -8 }), "invalid-argument", "padToMultipleOf"],
    [() => tokenizer("a", { paddingSide: "both" as never }), "invalid-argument", "paddingSide"],
    [() => tokenizer("a", { truncationSide: "" as never }), "invalid-argument", "truncationSide"],
    [() => tokenizer.encode("a", { stride: -1 }), "invalid-argument", "stride"],
    [() => tokenizer.encodeIds("a", { maxLength: Number.NaN }), "invalid-argument", "maxLength"],
    [() => tokenizer.encodeIds("a", { maxLength: 1 }), "limit-too-small", "maxLength"],
    [() => tokenizer("a", { maxLength: 1 }), "limit-too-small", "maxLength"],
    [() => tokenizer.encode(long, { maxLength: 5, stride: 3 }), "stride-too-large", "stride"],
    [() => tokenizer(long, { truncation: "only_second" }), "truncation-impossible", "truncation"],
    [() => tokenizer([["a", long]], { truncation: "only_first" }), "truncation-impossible", "truncation"],
    [
      () => tokenizer("a", { padding: true, truncation: true, padToMultipleOf: 3 }),
      "length-not-multiple",
      "padToMultipleOf",
    ],
    [() => withoutPadding("a", { padding: true }), "no-padding-token", "padding"],
    [() => tokenizer(["a", long]), "uneven-lengths", "padding"],
  ];
  for (const [call, code, subject] of expected) {
    assert.throws(call, (error) => {
      assert.ok(error instanceof ArgumentError, String(error));
      assert.deepEqual([error.code, error.subject], [code, subject]);
      return true;
    });
  }
});
