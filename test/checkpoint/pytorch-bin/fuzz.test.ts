import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Checkpoint } from "../../../src/checkpoint/checkpoint.ts";
import { openPytorchBin } from "../../../src/checkpoint/pytorch-bin/open.ts";
import { readStateDict } from "../../../src/checkpoint/pytorch-bin/state-dict.ts";
import { FormatError, UnsupportedError } from "../../../src/errors.ts";
import { anyChanges } from "../changes.ts";
import { CountingSource, fixture, memory, readAll } from "../support.ts";
import { bin, dict, integer, tensor, text, tuple } from "./build.ts";

/** Whether the file could be read; throws where it fails in a way that it must not. */
async function readsOrRefuses(file: Uint8Array): Promise<boolean> {
  const source = new CountingSource(memory({ file }));
  let checkpoint: Checkpoint | undefined;
  try {
    checkpoint = await openPytorchBin(source, "file");
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

const small = dict(
  text("plain"),
  tensor(),
  text("strided"),
  tensor({ size: tuple(integer(1), integer(2)), stride: tuple(integer(2), integer(1)) }),
);
const archives: readonly (readonly [string, Uint8Array<ArrayBuffer>])[] = [
  ["a small archive", bin(small)],
  ["a small archive with zip64 fields", bin(small, [], { zip64: true })],
];

for (const [what, valid] of archives) {
  test(`${what}: valid as it is, refused where it is cut off`, async () => {
    assert.equal(await readsOrRefuses(valid), true);
    for (let length = 0; length < valid.length; length++) {
      assert.equal(await readsOrRefuses(valid.subarray(0, length)), false, `cut at ${length}`);
    }
  });

  test(`${what}: read or refused with a bit of any byte changed`, async () => {
    for (let bit = 0; bit < 8 * valid.length; bit += 5) {
      const changed = valid.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      await readsOrRefuses(changed);
    }
  });

  test(`${what}: read or refused with any bytes changed, removed or added`, async () => {
    await fc.assert(
      fc.asyncProperty(anyChanges(valid), async (changed) => {
        await readsOrRefuses(changed);
      }),
      { numRuns: 600 },
    );
  });
}

const opcodes = fc.constantFrom(
  ...Uint8Array.from("(.)]}NQRbcehjqrstuaGJKMX", (c) => c.charCodeAt(0)),
  0x80,
  0x85,
  0x86,
  0x87,
  0x88,
  0x89,
  0x8a,
  0x8b,
  0x8c,
  0x8d,
  0x93,
  0x94,
  0x95,
);
const sizes = new Map([["0", 8]]);

function unpicklesOrRefuses(bytes: Uint8Array<ArrayBuffer>): void {
  try {
    for (const { shape, storage } of readStateDict(bytes, sizes, "x").values()) {
      assert.ok(shape.reduce((count, size) => count * size, 1) <= storage.byteLength);
    }
  } catch (error) {
    assert.ok(error instanceof FormatError || error instanceof UnsupportedError, String(error));
  }
}

test("pickles of torch with any bytes changed are read or refused", () => {
  for (const name of ["state-dict.protocol-2.bin", "state-dict.protocol-5.bin"]) {
    const pickled = fixture(name).subarray(64, 3000); // data.pkl and what follows: torch aligns to 64 bytes
    fc.assert(fc.property(anyChanges(pickled), unpicklesOrRefuses), { numRuns: 600 });
  }
  fc.assert(fc.property(anyChanges(small), unpicklesOrRefuses), { numRuns: 1500 });
});

test("any opcodes in any order are read or refused", () => {
  const bytes = fc.array(fc.oneof({ weight: 4, arbitrary: opcodes }, { weight: 1, arbitrary: fc.nat(255) }));
  fc.assert(
    fc.property(bytes, (codes) => unpicklesOrRefuses(Uint8Array.of(0x80, 2, ...codes))),
    { numRuns: 3000 },
  );
});
