/** Models that do not fit their files, or ask for what we do not do: refused by name, before anything is computed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AutoModel, SentenceTransformer, Transformer } from "../../src/index.ts";
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

/** Every loader that reads weights of transformers. */
const loaders = [SentenceTransformer.load, AutoModel.fromPretrained, Transformer.fromPretrained];

test("an adapter beside the weights, or in their place, is rejected by name", async () => {
  const adapter = { peft_type: "LORA", base_model_name_or_path: "org/base" };
  const beside = () => files().edit("adapter_config.json", adapter);
  for (const model of [beside(), beside().remove("modules.json"), beside().remove("config.json")]) {
    for (const load of loaders) {
      await assert.rejects(load(model.source), {
        name: "UnsupportedError",
        code: "unsupported-adapter",
        subject: "adapter_config.json",
        file: "model/adapter_config.json",
      });
    }
  }
  for (const [name, path] of [
    ["bert-oldest", "adapter_config.json"], // where the reference looks on disk
    ["bert-oldest", "0_Transformer/adapter_config.json"], // where it looks on the hub
    ["asym-legacy", "adapter_config.json"],
  ] as const) {
    await assert.rejects(SentenceTransformer.load(ModelFiles.ofFixture(name).edit(path, adapter).source), {
      code: "unsupported-adapter",
      file: `model/${path}`,
    });
  }
});

test("an adapter is nothing to a model without a transformer", async () => {
  const model = ModelFiles.ofFixture("static-embedding").edit("adapter_config.json", {});
  await (await SentenceTransformer.load(model.source)).dispose();
});

test("quantized weights are rejected by name, wherever the files ask for them", async () => {
  const quantization_config = { quant_method: "bitsandbytes", load_in_8bit: true };
  const rejected = {
    name: "UnsupportedError",
    code: "unsupported-quantization",
    subject: "quantization_config",
  };
  for (const load of loaders) {
    for (const value of [quantization_config, {}]) {
      await assert.rejects(load(files().edit("config.json", { quantization_config: value }).source), {
        ...rejected,
        file: "model/config.json",
      });
    }
  }
  for (const key of ["config_args", "config_kwargs", "model_args", "model_kwargs"]) {
    await assert.rejects(
      SentenceTransformer.load(
        files().edit("sentence_bert_config.json", { [key]: { quantization_config } }).source,
      ),
      rejected,
      key,
    );
  }
  for (const load of loaders) {
    const model = await load(files().edit("config.json", { quantization_config: null }).source);
    await model.dispose();
  }
});
