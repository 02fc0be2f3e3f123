import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { describeCheckpoint, inspectCheckpoint } from "../../src/checkpoint/inspect.ts";
import { openCheckpointFile } from "../../src/checkpoint/open.ts";
import { FileError } from "../../src/errors.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { fixture, memory, safetensorsFile } from "./support.ts";

const file = safetensorsFile(
  '{"__metadata__":{"format":"pt"},"embeddings.weight":{"dtype":"F32","shape":[1000,3],"data_offsets":[0,12000]},' +
    '"ids":{"dtype":"I64","shape":[],"data_offsets":[12000,12008]}}',
  12_008,
);

const listing = (name: string): string => `${name}

format: pt

name               dtype  shape       bytes
embeddings.weight  F32    [1000, 3]  12,000
ids                I64    []              8

F32: 1 tensor, 3,000 elements, 12,000 bytes
I64: 1 tensor, 1 element, 8 bytes
2 tensors, 3,001 elements, 12,008 bytes
`;

test("a checkpoint is listed with metadata, names, types, shapes, bytes and sums", async () => {
  const checkpoint = await openCheckpointFile(memory({ "model.safetensors": file }), "model.safetensors");
  assert.equal(describeCheckpoint(checkpoint), listing("memory/model.safetensors"));
});

test("a sharded checkpoint is listed with the file of each tensor", async () => {
  const part = (name: string) =>
    safetensorsFile(`{"${name}":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1);
  const source = memory({
    "model.safetensors.index.json": '{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}',
    "1.safetensors": part("a"),
    "2.safetensors": part("b"),
  });
  const checkpoint = await openCheckpointFile(source, "model.safetensors.index.json");
  assert.equal(
    describeCheckpoint(checkpoint),
    `memory/model.safetensors.index.json

name  dtype  shape  bytes  file
a     U8     [1]        1  1.safetensors
b     U8     [1]        1  2.safetensors

2 tensors, 2 elements, 2 bytes, all U8
`,
  );
});

test("an empty checkpoint is listed", async () => {
  const checkpoint = await openCheckpointFile(
    memory({ "a.safetensors": safetensorsFile("{}") }),
    "a.safetensors",
  );
  assert.equal(describeCheckpoint(checkpoint), "memory/a.safetensors\n\n0 tensors, 0 elements, 0 bytes\n");
});

test("names that a terminal would obey are quoted", async () => {
  const header =
    '{"__metadata__":{"\\u001b[2J":"\\u009b31m"},"a\\nb \u202e":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}';
  const checkpoint = await openCheckpointFile(
    memory({ "a.safetensors": safetensorsFile(header) }),
    "a.safetensors",
  );
  const text = describeCheckpoint(checkpoint);
  assert.match(text, /^[\n\u0020-\u007e]*$/);
  assert.match(text, /"\\u001b\[2J": "\\u009b31m"/);
  assert.match(text, /"a\\nb \\u202e"/);
});

test("a path may be a file of any format, or a folder", async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "model.safetensors"), file);
  await writeFile(join(folder, "dict.pt"), fixture("state-dict.protocol-2.bin"));
  assert.equal(
    await inspectCheckpoint(join(folder, "model.safetensors")),
    listing(`${folder}/model.safetensors`),
  );
  assert.equal(await inspectCheckpoint(folder), listing(`${folder}/model.safetensors`));
  assert.equal(await inspectCheckpoint(`${folder}/`), listing(`${folder}/model.safetensors`));
  assert.match(await inspectCheckpoint(join(folder, "dict.pt")), /^transposed +F32 +\[4, 3\] +48$/m);
  await assert.rejects(inspectCheckpoint(join(folder, "none.safetensors")), FileError);
  await writeFile(join(folder, "model.onnx"), "");
  await assert.rejects(inspectCheckpoint(join(folder, "model.onnx")), {
    name: "ArgumentError",
    code: "unknown-format",
    subject: "model.onnx",
  });
});
