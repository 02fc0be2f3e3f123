import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Checkpoint } from "../../../src/checkpoint/checkpoint.ts";
import { openSafetensors } from "../../../src/checkpoint/safetensors/open.ts";
import { FormatError, UnsupportedError } from "../../../src/errors.ts";
import { anyChanges } from "../changes.ts";
import { CountingSource, memory, readAll, safetensorsFile } from "../support.ts";

const valid = safetensorsFile(
  '{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},' +
    '"h":{"dtype":"BF16","shape":[2],"data_offsets":[24,28]},"e":{"dtype":"I64","shape":[0,5],"data_offsets":[28,28]},' +
    '"i":{"dtype":"I64","shape":[],"data_offsets":[28,36]}}    ',
  36,
);

/** Whether the file could be read; throws where it fails in a way that it must not. */
async function readsOrRefuses(file: Uint8Array): Promise<boolean> {
  const source = new CountingSource(memory({ file }));
  let checkpoint: Checkpoint | undefined;
  try {
    checkpoint = await openSafetensors(source, "file");
    for (const { name, byteLength } of checkpoint.tensors.values()) {
      assert.ok(byteLength <= file.length, `${name} claims ${byteLength} of ${file.length} bytes`);
    }
    await readAll(checkpoint);
    return true;
  } catch (error) {
    assert.ok(error instanceof FormatError || error instanceof UnsupportedError, String(error));
    return false;
  } finally {
    await checkpoint?.close();
    assert.ok(source.largest <= file.length, `asked for ${source.largest} of ${file.length} bytes`);
    assert.equal(source.closed, source.opened);
  }
}

test("the file that the others are made of is valid", async () => {
  assert.equal(await readsOrRefuses(valid), true);
});

test("a file that is cut off anywhere is refused", async () => {
  for (let length = 0; length < valid.length; length++) {
    assert.equal(await readsOrRefuses(valid.subarray(0, length)), false, `cut at ${length}`);
  }
});

test("a file with a bit of any byte changed is read or refused", async () => {
  for (let bit = 0; bit < 8 * valid.length; bit += 3) {
    const changed = valid.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    await readsOrRefuses(changed);
  }
});

test("a file with any bytes changed, removed or added is read or refused", async () => {
  await fc.assert(
    fc.asyncProperty(anyChanges(valid), async (changed) => {
      await readsOrRefuses(changed);
    }),
    { numRuns: 1000 },
  );
});

test("any bytes at all are read or refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (bytes) => {
      await readsOrRefuses(bytes);
      await readsOrRefuses(safetensorsFile(bytes));
    }),
  );
});
