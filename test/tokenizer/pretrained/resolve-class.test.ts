import assert from "node:assert/strict";
import test from "node:test";
import { UnsupportedError } from "../../../src/errors.ts";
import { resolveClass } from "../../../src/tokenizer/pretrained/resolve-class.ts";
import { fixture, type Oracle } from "../folders.ts";

type Name = string | null;

const { oracle, cases } = fixture<{
  readonly oracle: Oracle;
  readonly cases: readonly (readonly [
    tokenizerClass: Name,
    configTokenizerClass: Name,
    modelType: Name,
    hasRemoteCode: boolean,
    taken: Name,
  ])[];
}>("classes.json");

/** Those that use tokenizer.json as it is. */
const asItIs = ["TokenizersBackend"];

test(`the class for what the files say is the one that transformers ${oracle.transformers} takes`, () => {
  let compared = 0;
  for (const [tokenizerClass, configTokenizerClass, modelType, hasRemoteCode, taken] of cases) {
    const hints = { tokenizerClass, configTokenizerClass, modelType, hasRemoteCode };
    if (taken === null) continue; // it wants to run code of the model's, or asks whether it may
    compared++;
    if (taken === "BertJapaneseTokenizer") assert.throws(() => resolveClass(hints), UnsupportedError);
    else assert.equal(resolveClass(hints), asItIs.includes(taken) ? "" : taken, JSON.stringify(hints));
  }
  assert.ok(compared > 500);
});
