import assert from "node:assert/strict";
import { test } from "node:test";
import { SentenceTransformer } from "../../src/index.ts";
import { ModelFiles } from "../helpers/model-files.ts";

const FILE = "sentence_bert_config.json";
const withSettings = (changes: Record<string, unknown>) =>
  ModelFiles.ofFixture("bert-mean").edit(FILE, changes);

async function embed(files: ModelFiles): Promise<Float32Array> {
  const model = await SentenceTransformer.load(files.source);
  try {
    return await model.encode("a text that is a little longer than the others");
  } finally {
    await model.dispose();
  }
}

const ordinary = {
  transformer_task: "feature-extraction",
  modality_config: { text: { method: "forward", method_output_name: "last_hidden_state" } },
  module_output_name: "token_embeddings",
};

test("settings that change no numbers are accepted", async () => {
  const expected = await embed(ModelFiles.ofFixture("bert-mean"));
  for (const changes of [
    ordinary,
    { unpad_inputs: true, query_length: null, document_length: null, query_expansion: null },
    { model_args: { trust_remote_code: true, attn_implementation: "eager" }, tokenizer_args: {} },
    { config_args: {}, processing_kwargs: { text: {} } },
  ]) {
    assert.deepEqual(await embed(withSettings(changes)), expected, JSON.stringify(changes));
  }
});

test("the tokenizer's own limit stands over max_seq_length, under its old and its new name", async () => {
  const expected = await embed(withSettings({ max_seq_length: 5 }));
  assert.notDeepEqual(await embed(withSettings({})), expected);
  for (const key of ["tokenizer_args", "processor_kwargs"]) {
    assert.deepEqual(await embed(withSettings({ [key]: { model_max_length: 5 } })), expected, key);
  }
});

test("config_args stand over config.json", async () => {
  const files = () => ModelFiles.ofFixture("bert-mean");
  const expected = await embed(files().edit("config.json", { hidden_act: "relu" }));
  assert.notDeepEqual(await embed(files()), expected);
  for (const key of ["config_args", "config_kwargs"]) {
    assert.deepEqual(await embed(withSettings({ [key]: { hidden_act: "relu" } })), expected, key);
  }
});

const refused: readonly (readonly [Record<string, unknown>, RegExp])[] = [
  [{ foo: 1 }, /unsupported key "foo"/],
  [{ query_length: 12 }, /query_length 12 is not supported/],
  [{ query_expansion: { length: 3 } }, /query_expansion .* is not supported/],
  [{ model_args: { num_labels: 3 } }, /the model's argument "num_labels" is not supported/],
  [{ model_args: 3 }, /"model_args": expected an object, found 3/],
  [{ tokenizer_args: { do_lower_case: false } }, /the tokenizer's argument "do_lower_case" is not/],
  [{ processing_kwargs: { text: { max_length: 5 } } }, /processing_kwargs\.text\.max_length is not/],
  [{ modality_config: ordinary.modality_config }, /"module_output_name" is missing/],
  [{ ...ordinary, module_output_name: "sentence_embedding" }, /module_output_name "sentence_embedding"/],
  [{ ...ordinary, modality_config: { image: {} } }, /a modality_config without text is not supported/],
  [
    { ...ordinary, modality_config: { text: { method: "get_text_features" } } },
    /modality_config\.text\.method "get_text/,
  ],
  [
    { ...ordinary, modality_config: { text: { method_output_name: ["hidden_states", 1] } } },
    /method_output_name \["hidden_states",1\] is not supported/,
  ],
  [{ ...ordinary, modality_config: { text: {}, message: {} } }, /modality_config\.message/],
];

for (const [changes, message] of refused) {
  test(`refused by name: ${JSON.stringify(changes)}`, () =>
    assert.rejects(SentenceTransformer.load(withSettings(changes).source), (error: Error) => {
      assert.match(error.name, /^(UnsupportedError|FormatError)$/);
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(`model/${FILE}`), error.message);
      return true;
    }));
}
