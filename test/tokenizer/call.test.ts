/** Calls of a tokenizer, as transformers' tokenizers are called: fixtures/tokenizers/generate_call.py. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Tensor } from "../../src/index.ts";
import { loadTokenizer } from "../../src/tokenizer/load.ts";
import type { TextOrPair } from "../../src/tokenizer/tokenizer.ts";
import { callableTokenizer, type TokenizerCallOptions } from "../../src/tokenizer-call.ts";
import { type Files, fixture, folder, type Oracle } from "./folders.ts";

type Texts = string | readonly TextOrPair[];

interface Calls {
  readonly oracle: Oracle;
  readonly inputs: { readonly [name: string]: Texts };
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

const { oracle, inputs, names } = fixture<Calls>("call.json.gz");

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
    }
  });
}
