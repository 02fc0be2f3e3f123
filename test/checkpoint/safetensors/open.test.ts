import assert from "node:assert/strict";
import { open as openFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openSafetensors } from "../../../src/checkpoint/safetensors/open.ts";
import { ArgumentError, FileError, FormatError } from "../../../src/errors.ts";
import { openFolder } from "../../../src/sources/folder-source-node.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { CountingSource, memory, safetensorsFile } from "../support.ts";

const halves = Uint16Array.of(0x3c00, 0xc000, 0x3800, 0x7c00); // 1, -2, 0.5, infinity
const longs = BigInt64Array.of(-1n, 2n ** 40n);
const header =
  '{"half":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]},"long":{"dtype":"I64","shape":[2],"data_offsets":[8,24]}}';
const data = new Uint8Array(24);
data.set(new Uint8Array(halves.buffer));
data.set(new Uint8Array(longs.buffer), 8);
const file = safetensorsFile(header, data);

function open() {
  return openSafetensors(memory({ "model.safetensors": file }), "model.safetensors");
}

test("a range of a tensor is read as f32", async () => {
  const checkpoint = await open();
  const values = new Float32Array(2);
  await checkpoint.readFloat32("half", values, 1);
  assert.deepEqual([...values], [-2, 0.5]);
  await checkpoint.readFloat32("long", values, 0);
  assert.deepEqual([...values], [-1, 2 ** 40]);
  await checkpoint.readFloat32("half", new Float32Array(0), 4);
});

test("f32 arrives in shared memory, and nothing around it changes", async () => {
  const checkpoint = await open();
  const around = new Float32Array(new SharedArrayBuffer(32)).fill(9);
  await checkpoint.readFloat32("half", around.subarray(2, 6), 0);
  assert.deepEqual([...around], [9, 9, 1, -2, 0.5, Number.POSITIVE_INFINITY, 9, 9]);
});

test("stored bytes are read whole or by a range that need not end between elements", async () => {
  const checkpoint = await open();
  assert.deepEqual([...(await checkpoint.readBytes("half"))], [0, 0x3c, 0, 0xc0, 0, 0x38, 0, 0x7c]);
  assert.deepEqual([...(await checkpoint.readBytes("half", 1, 4))], [0x3c, 0, 0xc0]);
  assert.deepEqual([...(await checkpoint.readBytes("half", 6))], [0, 0x7c]);
  assert.deepEqual([...(await checkpoint.readBytes("half", 8))], []);
});

test("a tensor that is not there is a FormatError with its name", async () => {
  const checkpoint = await open();
  const message = /^FormatError: memory\/model\.safetensors: the checkpoint has no tensor "other"$/;
  await assert.rejects(checkpoint.readBytes("other"), message);
  await assert.rejects(checkpoint.readFloat32("other", new Float32Array(1), 0), message);
});

test("a range beyond the tensor is an ArgumentError, also where the file goes on", async () => {
  const checkpoint = await open();
  await assert.rejects(checkpoint.readFloat32("half", new Float32Array(2), 3), {
    name: "ArgumentError",
    code: "read-out-of-range",
    subject: "half",
  });
  for (const start of [-1, 0.5, Number.NaN, 5]) {
    await assert.rejects(checkpoint.readFloat32("half", new Float32Array(1), start), ArgumentError);
    await assert.rejects(checkpoint.readBytes("half", start === 5 ? 9 : start), ArgumentError);
  }
  await assert.rejects(checkpoint.readBytes("half", 0, 9), { code: "read-out-of-range" });
  await assert.rejects(checkpoint.readBytes("half", 3, 2), ArgumentError);
});

test("64-bit numbers are read in pieces, not all at once", async () => {
  const count = 2 ** 20 + 3;
  const stored = BigUint64Array.from({ length: count }, (_, i) => BigInt(i));
  const large = safetensorsFile(
    `{"a":{"dtype":"U64","shape":[${count}],"data_offsets":[0,${8 * count}]}}`,
    new Uint8Array(stored.buffer),
  );
  const source = new CountingSource(memory({ large }));
  const checkpoint = await openSafetensors(source, "large");
  const values = new Float32Array(count - 1);
  await checkpoint.readFloat32("a", values, 1);
  assert.ok(values.every((value, i) => value === i + 1));
  assert.equal(source.largest, 8 * 2 ** 20);
});

test("a missing file is a FileError", async () => {
  await assert.rejects(openSafetensors(memory({}), "model.safetensors"), FileError);
});

test("tensors beyond 2^31 and 2^32 bytes are read", async (t) => {
  const folder = await temporaryFolder(t);
  const sizes = [2 ** 31, 8, 2 ** 31, 8];
  let end = 0;
  const entries = sizes.map((size, i) => {
    end += size;
    return `"${i}":{"dtype":"F32","shape":[${size / 4}],"data_offsets":[${end - size},${end}]}`;
  });
  const start = safetensorsFile(`{${entries}}`);
  const handle = await openFile(join(folder, "model.safetensors"), "w");
  await handle.write(start);
  await handle.truncate(start.length + end); // sparse: it takes no room
  const far = new Uint8Array(Float32Array.of(1.5, -2).buffer);
  await handle.write(far, 0, 8, start.length + 2 ** 31);
  await handle.write(far, 0, 8, start.length + end - 8);
  await handle.close();

  const source = await openFolder(folder);
  const checkpoint = await openSafetensors(source, "model.safetensors");
  const values = new Float32Array(2);
  for (const name of ["1", "3"]) {
    await checkpoint.readFloat32(name, values.fill(0), 0);
    assert.deepEqual([...values], [1.5, -2], name);
  }
  await checkpoint.readFloat32("2", values, 2 ** 29 - 2);
  assert.deepEqual([...values], [0, 0]);
  await checkpoint.close();

  const cutOff = await openFile(join(folder, "model.safetensors"), "r+");
  await cutOff.truncate(start.length + end - 1);
  await cutOff.close();
  await assert.rejects(openSafetensors(source, "model.safetensors"), FormatError);
});
