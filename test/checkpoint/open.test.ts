import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openCheckpoint } from "../../src/checkpoint/open.ts";
import { ArgumentError, FileError } from "../../src/errors.ts";
import { openFolder } from "../../src/sources/folder-source-node.ts";
import { fixture, float32, memory, safetensorsFile } from "./support.ts";

const one = safetensorsFile('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1);
const two = safetensorsFile('{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1);
const pickled = fixture("state-dict.protocol-2.bin");

const candidates = {
  "model.safetensors": one,
  "model.safetensors.index.json": '{"weight_map":{"b":"two.safetensors"}}',
  "pytorch_model.bin": pickled,
  "pytorch_model.bin.index.json": '{"weight_map":{"a":"none.bin"}}',
};

test("of several checkpoints the first in the reference's order is opened", async () => {
  const names: string[] = [];
  const left: Record<string, Uint8Array | string> = { ...candidates, "two.safetensors": two };
  for (const path of Object.keys(candidates).slice(0, 3)) {
    names.push((await openCheckpoint(memory(left))).name);
    delete left[path];
  }
  assert.deepEqual(
    names,
    Object.keys(candidates)
      .slice(0, 3)
      .map((path) => `memory/${path}`),
  );
  await assert.rejects(
    openCheckpoint(memory(left)),
    /^FileError: memory\/pytorch_model\.bin\.index\.json: .*none\.bin/,
  );
});

test("a sharded pickle is opened", async () => {
  const whole = await openCheckpoint(memory({ "pytorch_model.bin": pickled }));
  const index = JSON.stringify({
    weight_map: Object.fromEntries([...whole.tensors.keys()].map((name) => [name, "part-1.bin"])),
  });
  const checkpoint = await openCheckpoint(
    memory({ "pytorch_model.bin.index.json": index, "part-1.bin": pickled }),
  );
  assert.equal(checkpoint.tensors.size, whole.tensors.size);
  assert.deepEqual(await float32(checkpoint, "linear.weight"), await float32(whole, "linear.weight"));
});

test("a subfolder's checkpoint is opened", async () => {
  const source = memory({ "model.safetensors": one, "2_Dense/model.safetensors": two });
  const checkpoint = await openCheckpoint(source, { folder: "2_Dense" });
  assert.equal(checkpoint.name, "memory/2_Dense/model.safetensors");
  assert.deepEqual([...checkpoint.tensors.keys()], ["b"]);
  await assert.rejects(openCheckpoint(source, { folder: "../x" }), ArgumentError);
});

test("where there is none, the error lists what was looked for", async () => {
  await assert.rejects(openCheckpoint(memory({ "config.json": "{}" }), { folder: "2_Dense" }), (error) => {
    assert.ok(error instanceof FileError);
    assert.deepEqual([error.code, error.file], ["weights-not-found", "memory/2_Dense"]);
    const looked =
      "model.safetensors, model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json";
    assert.ok(error.message.endsWith(looked), error.message);
    return true;
  });
});

const shared = fileURLToPath(new URL("../../../shared/models/labse-2_Dense", import.meta.url));

test("a real module is the same as safetensors and as pytorch_model.bin, bit by bit", {
  skip: existsSync(shared) ? false : "../shared is not here",
}, async () => {
  const folder = await openFolder(shared);
  const safe = await openCheckpoint(folder);
  const { openPytorchBin } = await import("../../src/checkpoint/pytorch-bin/open.ts");
  const bin = await openPytorchBin(folder, "pytorch_model.bin");
  assert.deepEqual([...bin.tensors.keys()].sort(), ["linear.bias", "linear.weight"]);
  assert.deepEqual([...bin.tensors.keys()].sort(), [...safe.tensors.keys()].sort());
  for (const [name, info] of safe.tensors) {
    assert.deepEqual(bin.tensors.get(name)?.shape, info.shape);
    assert.equal(Buffer.compare(await bin.readBytes(name), await safe.readBytes(name)), 0, name);
  }
  assert.ok((await float32(bin, "linear.weight")).some((value) => value !== 0));
  await safe.close();
  await bin.close();
});
