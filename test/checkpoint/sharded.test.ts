import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openSafetensors } from "../../src/checkpoint/safetensors/open.ts";
import { findShards, openSharded } from "../../src/checkpoint/sharded.ts";
import { ArgumentError, FileError, FormatError, SentensorError } from "../../src/errors.ts";
import type { FileSource } from "../../src/files/file-source.ts";
import { anyChanges } from "./changes.ts";
import { CountingSource, memory, readAll, safetensorsFile, utf8 } from "./support.ts";

const INDEX = "model.safetensors.index.json";

function shard(tensors: Readonly<Record<string, number>>, metadata = '{"format":"pt"}'): Uint8Array {
  const entries = Object.keys(tensors).map(
    (name, i) => `${JSON.stringify(name)}:{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`,
  );
  return safetensorsFile(
    `{${[`"__metadata__":${metadata}`, ...entries]}}`,
    Uint8Array.from(Object.values(tensors)),
  );
}

const shards = {
  "model-1.safetensors": shard({ a: 1, b: 2 }, '{"format":"pt","part":"1"}'),
  "model-2.safetensors": shard({ c: 3 }, '{"part":"2","format":"pt"}'),
};
const goodIndex = {
  metadata: { total_size: 3 },
  weight_map: { c: "model-2.safetensors", a: "model-1.safetensors", b: "model-1.safetensors" },
};

async function openIndex(source: FileSource, path = INDEX) {
  return await openSharded(source, await findShards(source, path), openSafetensors);
}

function open(index: unknown, files: Readonly<Record<string, Uint8Array>> = shards) {
  const text = typeof index === "string" ? index : JSON.stringify(index);
  const source = new CountingSource(memory({ ...files, [INDEX]: text }));
  return { source, opening: openIndex(source) };
}

test("tensors are read from the shards that hold them", async () => {
  const { source, opening } = open(goodIndex);
  const checkpoint = await opening;
  assert.equal(checkpoint.name, `memory/${INDEX}`);
  assert.deepEqual(
    [...checkpoint.tensors.values()].map(({ name, file }) => [name, file]),
    [
      ["c", "memory/model-2.safetensors"],
      ["a", "memory/model-1.safetensors"],
      ["b", "memory/model-1.safetensors"],
    ],
  );
  assert.deepEqual([...(await checkpoint.readBytes("c"))], [3]);
  const values = new Float32Array(1);
  await checkpoint.readFloat32("b", values, 0);
  assert.deepEqual([...values], [2]);
  assert.deepEqual([...checkpoint.metadata], [["format", "pt"]], "what all shards say alike");
  await checkpoint.close();
  assert.equal(source.opened, 2);
  assert.equal(source.closed, 2);
});

test("errors while reading name the index or the shard", async () => {
  const checkpoint = await open(goodIndex).opening;
  await assert.rejects(
    checkpoint.readBytes("d"),
    /^FormatError: memory\/model\.safetensors\.index\.json: .*no tensor "d"$/,
  );
  await assert.rejects(checkpoint.readBytes("a", 0, 2), (error) => {
    assert.ok(error instanceof ArgumentError);
    assert.match(error.message, /^memory\/model-1\.safetensors: tensor "a" has 1 bytes/);
    return true;
  });
});

test("shards lie beside the index, or in folders beside it", async () => {
  const index = '{"weight_map":{"c":"parts/model-2.safetensors"}}';
  const source = memory({
    [`2_Dense/${INDEX}`]: index,
    "2_Dense/parts/model-2.safetensors": shards["model-2.safetensors"],
  });
  const checkpoint = await openIndex(source, `2_Dense/${INDEX}`);
  assert.deepEqual([...(await checkpoint.readBytes("c"))], [3]);
});

test("an index of no tensors is a checkpoint of no tensors", async () => {
  assert.equal((await open({ weight_map: {} }).opening).tensors.size, 0);
});

const broken: readonly (readonly [string, unknown, RegExp])[] = [
  ["text that is not JSON", "{", /expected a string, found the end$/],
  ["an index that is not an object", [], /expected an object, found "\[\]"$/],
  ["text behind the index", '{"weight_map":{}} x', /expected the end, found "x"$/],
  ["a missing weight_map", { metadata: {} }, /"weight_map" is missing$/],
  ["a weight_map that is there twice", '{"weight_map":{},"weight_map":{}}', /"weight_map" appears twice$/],
  ["a tensor that is there twice", '{"weight_map":{"a":"x","a":"x"}}', /the key "a" appears twice$/],
  ["a weight_map that is an array", { weight_map: [] }, /expected an object, found "\[\]\}"$/],
  ["a shard that is not text", { weight_map: { a: 1 } }, /expected a string, found "1\}\}"$/],
  [
    "a shard outside",
    { weight_map: { a: "../x" } },
    /tensor "a": the shard's name, "\.\.\/x", contains "\.\."$/,
  ],
  ["an absolute shard", { weight_map: { a: "/x" } }, /tensor "a": the shard's name, "\/x", is absolute$/],
  [
    "a shard with a backslash",
    { weight_map: { a: "..\\x" } },
    /tensor "a": the shard's name, .* contains a backslash$/,
  ],
  ["a shard without a name", { weight_map: { a: "" } }, /tensor "a": the shard's name, "", is empty$/],
  [
    "a tensor that its shard does not have",
    { weight_map: { ...goodIndex.weight_map, d: "model-2.safetensors" } },
    /tensor "d" is not in "model-2\.safetensors", where the index places it$/,
  ],
  [
    "a tensor in another shard than the index says",
    { weight_map: { ...goodIndex.weight_map, b: "model-2.safetensors" } },
    /tensor "b" is in "model-1\.safetensors"; the index places it in "model-2\.safetensors"$/,
  ],
  [
    "a tensor of a shard that the index does not list",
    { weight_map: { a: "model-1.safetensors", c: "model-2.safetensors" } },
    /tensor "b" is in "model-1\.safetensors"; the index does not list it$/,
  ],
];

for (const [what, index, message] of broken) {
  test(`refused: ${what}`, async () => {
    const { source, opening } = open(index);
    await assert.rejects(opening, (error) => {
      assert.ok(error instanceof FormatError);
      assert.equal(error.file, `memory/${INDEX}`);
      assert.match(error.message, message);
      return true;
    });
    assert.equal(source.closed, source.opened, "nothing stays open");
  });
}

test("a missing shard is a FileError that names the index and the shard", async () => {
  const { source, opening } = open(goodIndex, { "model-2.safetensors": shards["model-2.safetensors"] });
  await assert.rejects(opening, (error) => {
    assert.ok(error instanceof FileError);
    assert.equal(error.file, `memory/${INDEX}`);
    assert.match(
      error.message,
      /lists a shard that cannot be opened: memory\/model-1\.safetensors: there is no such file$/,
    );
    return true;
  });
  assert.equal(source.closed, source.opened);
});

test("a broken shard is a FormatError that names the shard", async () => {
  const { opening } = open(goodIndex, { ...shards, "model-1.safetensors": new Uint8Array(3) });
  await assert.rejects(opening, /^FormatError: memory\/model-1\.safetensors: /);
});

test("an index with any bytes changed is read or refused", async () => {
  const valid = utf8(JSON.stringify(goodIndex));
  await fc.assert(
    fc.asyncProperty(anyChanges(valid), async (changed) => {
      const source = new CountingSource(memory({ ...shards, [INDEX]: changed }));
      try {
        const checkpoint = await openIndex(source);
        await readAll(checkpoint);
        await checkpoint.close();
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof FileError, String(error));
      }
      assert.equal(source.closed, source.opened);
    }),
    { numRuns: 500 },
  );
  for (let length = 0; length < valid.length; length++) {
    const source = memory({ ...shards, [INDEX]: valid.subarray(0, length) });
    await assert.rejects(openIndex(source), SentensorError);
  }
});
