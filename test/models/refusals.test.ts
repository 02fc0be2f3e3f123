/** Models that do not fit their files, or ask for what we do not do: refused by name, before anything is computed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AutoModel, SentenceTransformer } from "../../src/index.ts";
import { ModelFiles } from "../helpers/model-files.ts";

const files = () => ModelFiles.ofFixture("bert-mean");

async function refuses(model: ModelFiles, name: string, ...messages: RegExp[]): Promise<void> {
  for (const load of [SentenceTransformer.load, AutoModel.fromPretrained]) {
    await assert.rejects(load(model.source), (error: Error) => {
      assert.equal(error.name, name, error.stack);
      for (const message of messages) assert.match(error.message, message);
      return true;
    });
  }
}

for (const [key, value] of [
  ["position_embedding_type", "relative_key_query"],
  ["is_decoder", true],
  ["add_cross_attention", true],
  ["is_encoder_decoder", true],
  ["model_type", "t5"],
  ["hidden_act", "mish"],
] as const) {
  test(`config.json: ${key} ${JSON.stringify(value)} is not supported`, () =>
    refuses(
      files().edit("config.json", { [key]: value }),
      "UnsupportedError",
      /^model\/config\.json: /,
      new RegExp(`${key} "?${value}`),
    ));
}

for (const [key, value, expected] of [
  ["hidden_size", undefined, /"hidden_size" is missing/],
  ["hidden_size", "many", /"hidden_size": expected a whole number from 1 on, found "many"/],
  ["num_hidden_layers", 2.5, /expected a whole number/],
  ["layer_norm_eps", "small", /"layer_norm_eps": expected a number/],
  ["num_attention_heads", 7, /num_attention_heads 7 does not divide hidden_size/],
  ["model_type", undefined, /"model_type" is missing/],
] as const) {
  test(`config.json: ${key} ${JSON.stringify(value)} is an error of the file`, () =>
    refuses(
      files().edit("config.json", { [key]: value }),
      "FormatError",
      /^model\/config\.json: /,
      expected,
    ));
}

test("a missing tensor is named with its shape", async () => {
  const model = await files().editTensors("model.safetensors", (tensors) => {
    tensors.delete("encoder.layer.1.attention.self.key.bias");
  });
  await refuses(model, "FormatError", /no tensor "encoder\.layer\.1\.attention\.self\.key\.bias" \[\d+\]/);
});

test("an unused tensor is named", async () => {
  const model = await files().editTensors("model.safetensors", (tensors) => {
    tensors.set("encoder.extra", {
      name: "encoder.extra",
      dtype: "F32",
      shape: [1],
      bytes: new Uint8Array(4),
    });
  });
  await refuses(model, "FormatError", /does not use 1 tensor of the checkpoint: encoder\.extra/);
});

test("a tensor of another shape is named with both shapes", async () => {
  const model = await files().editTensors("model.safetensors", (tensors) => {
    const name = "embeddings.LayerNorm.weight";
    tensors.set(name, { name, dtype: "F32", shape: [1], bytes: new Uint8Array(4) });
  });
  await refuses(
    model,
    "FormatError",
    /"embeddings\.LayerNorm\.weight": expected shape \[\d+\], checkpoint has \[1\]/,
  );
});

test("a layer more in the configuration than in the checkpoint is a missing tensor", () =>
  refuses(
    files().edit("config.json", { num_hidden_layers: 50 }),
    "FormatError",
    /no tensor "encoder\.layer\./,
  ));

test("missing files are named", async () => {
  await refuses(files().remove("config.json"), "FileError", /config\.json/);
  await refuses(files().remove("model.safetensors"), "FileError", /model\.safetensors/);
  await refuses(files().write("config.json", "{"), "FormatError", /config\.json/);
  await refuses(files().write("config.json", "[]"), "FormatError", /config\.json: expected an object/);
});
