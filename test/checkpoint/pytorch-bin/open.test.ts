import assert from "node:assert/strict";
import { test } from "node:test";
import type { Checkpoint } from "../../../src/checkpoint/checkpoint.ts";
import { dtypeInfo } from "../../../src/checkpoint/dtype.ts";
import { openPytorchBin } from "../../../src/checkpoint/pytorch-bin/open.ts";
import { openSafetensors } from "../../../src/checkpoint/safetensors/open.ts";
import { FileError, FormatError, UnsupportedError } from "../../../src/errors.ts";
import {
  CountingSource,
  fixture,
  fixtureJson,
  float32,
  memory,
  readAll,
  utf8,
  versions,
} from "../support.ts";
import { bin, dict, tensor, text, zipFile } from "./build.ts";

function open(file: Uint8Array): Promise<Checkpoint> {
  return openPytorchBin(memory({ "pytorch_model.bin": file }), "pytorch_model.bin");
}

/** The same state dict, written by torch in every way that we read, and its tensors row by row. */
const expected = openSafetensors(memory({ file: fixture("state-dict.safetensors") }), "file");

for (const name of ["protocol-2", "protocol-3", "protocol-4", "protocol-5", "big-endian"]) {
  test(`a state dict of torch ${versions.torch} is read: ${name}`, async () => {
    const checkpoint = await open(fixture(`state-dict.${name}.bin`));
    const reference = await expected;
    assert.equal(checkpoint.tensors.size, reference.tensors.size);
    assert.ok(checkpoint.tensors.has("transposed") && checkpoint.tensors.has("torch.uint64"), "the premise");
    for (const [tensor, { dtype, shape, byteLength }] of reference.tensors) {
      const info = checkpoint.tensors.get(tensor);
      assert.deepEqual([info?.dtype, info?.shape, info?.byteLength], [dtype, shape, byteLength], tensor);
      assert.deepEqual(await checkpoint.readBytes(tensor), await reference.readBytes(tensor), tensor);
      assert.deepEqual(await float32(checkpoint, tensor), await float32(reference, tensor), tensor);
    }
  });
}

test("any range of a tensor is read, also where its elements are scattered", async () => {
  const checkpoint = await open(fixture("state-dict.protocol-2.bin"));
  for (const name of ["transposed", "slice", "every second", "permuted", "linear.weight"]) {
    const info = checkpoint.tensors.get(name)!;
    const whole = await float32(checkpoint, name);
    const count = info.byteLength / dtypeInfo(info.dtype).byteSize;
    for (let start = 0; start < count; start++) {
      const piece = new Float32Array(Math.min(3, count - start));
      await checkpoint.readFloat32(name, piece, start);
      assert.deepEqual(piece, whole.subarray(start, start + piece.length), `${name} from ${start}`);
    }
    assert.deepEqual(
      await checkpoint.readBytes(name, 1, info.byteLength - 1),
      (await checkpoint.readBytes(name)).slice(1, -1),
    );
  }
});

test("a range of a contiguous tensor is read without the rest", async () => {
  const values = Float32Array.from({ length: 10_000 }, (_, i) => i);
  const parts = [{ name: "archive/data/1", bytes: new Uint8Array(values.buffer) }];
  const one = Uint8Array.of(0x4b, 1);
  const shape = (n: number): Uint8Array => Uint8Array.of(0x4d, n & 255, n >> 8, 0x85);
  const file = bin(
    dict(
      text("a"),
      tensor({
        key: text("1"),
        elements: values.length,
        size: shape(9000),
        stride: Uint8Array.of(...one, 0x85),
        offset: Uint8Array.of(0x4d, 0xe8, 3),
      }),
    ),
    parts,
  );
  const source = new CountingSource(memory({ file }));
  const checkpoint = await openPytorchBin(source, "file");
  source.largest = 0;
  const piece = new Float32Array(100);
  await checkpoint.readFloat32("a", piece, 50);
  assert.deepEqual([piece[0], piece[99]], [1050, 1149]);
  assert.equal(source.largest, 400);
  await checkpoint.close();
  assert.equal(source.closed, 1);
});

test("tensors that share a storage lie where they do in it", async () => {
  const checkpoint = await open(fixture("state-dict.protocol-2.bin"));
  const [tied, slice, weight] = ["tied", "slice", "linear.weight"].map(
    (name) => checkpoint.tensors.get(name)!,
  );
  assert.equal(slice!.byteOffset - tied!.byteOffset, 4 * 5, "row 1, column 1 of 4 columns");
  assert.ok(weight!.byteOffset < tied!.byteOffset, "storages are ordered as the file holds them");
});

const refused = fixtureJson<Readonly<Record<string, string>>>("refused.json");
const messages: Readonly<Record<string, readonly [typeof FormatError | typeof UnsupportedError, RegExp]>> = {
  legacy: [
    UnsupportedError,
    /torch\.save before version 1\.6; in Python, load it with torch\.load.*safetensors\.torch\.save_file$/,
  ],
  sparse: [UnsupportedError, /imports "torch\._utils\._rebuild_sparse_tensor"/],
  complex: [UnsupportedError, /imports "torch\.ComplexFloatStorage"/],
  expanded: [UnsupportedError, /of shape \[1000\] is expanded from 1 elements; call \.contiguous\(\)/],
  nested: [FormatError, /"state_dict": expected a tensor, found a dict of 1$/],
  number: [FormatError, /"epoch": expected a tensor, found 3$/],
  list: [FormatError, /expected a dict from names to tensors, found a list of 1$/],
  conjugate: [UnsupportedError, /has the metadata a dict of 1$/],
  code: [UnsupportedError, /imports "(posix|nt)\.system", .* never loaded$/],
};

for (const [what, [kind, message]] of Object.entries(messages)) {
  test(`refused by name, as torch ${versions.torch} writes it: ${what}`, async () => {
    await assert.rejects(open(Buffer.from(refused[what]!, "base64")), (error) => {
      assert.ok(error instanceof kind, String(error));
      assert.match(error.message, /^memory\/pytorch_model\.bin: /);
      assert.match(error.message, message);
      return true;
    });
  });
}

const good = dict(text("a"), tensor());

test("the smallest archive is read", async () => {
  assert.deepEqual([...(await float32(await open(bin(good)), "a"))], [1.5, -2]);
});

test("an archive with zip64 fields is read", async () => {
  assert.deepEqual([...(await float32(await open(bin(good, [], { zip64: true })), "a"))], [1.5, -2]);
});

test("an archive with a comment at its end is read", async () => {
  assert.deepEqual(
    [...(await float32(await open(bin(good, [], { comment: "saved by hand" })), "a"))],
    [1.5, -2],
  );
});

test("a tar file is refused with the way out", async () => {
  const tar = new Uint8Array(1024);
  tar.set(utf8("storages"));
  tar.set(utf8("ustar"), 257);
  await assert.rejects(open(tar), /^UnsupportedError: .*this is a tar file.*safetensors\.torch\.save_file$/);
});

test("a file that is nothing of the kind is refused", async () => {
  for (const bytes of [new Uint8Array(0), utf8("P"), utf8("<!doctype html>"), new Uint8Array(600)]) {
    await assert.rejects(open(bytes), /^FormatError: memory\/pytorch_model\.bin: expected a zip file/);
  }
});

test("a pointer of Git LFS is told apart", async () => {
  const pointer = utf8("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
  await assert.rejects(open(pointer), /^FormatError: .*"git lfs pull"$/);
});

test("a TorchScript program is refused", async () => {
  const parts = [{ name: "archive/constants.pkl", bytes: dict() }];
  await assert.rejects(open(bin(good, parts)), /^UnsupportedError: .*TorchScript program/);
});

test("an archive needs one data.pkl", async () => {
  await assert.rejects(open(zipFile([{ name: "data.pkl", bytes: good }])), /^FormatError: .*found 0$/);
  const second = [{ name: "other/data.pkl", bytes: good }];
  await assert.rejects(
    open(bin(good, second)),
    /^FormatError: .*one folder with a data\.pkl in the zip file, found 2$/,
  );
});

test("a data.pkl beyond its limit is refused before it is read", async () => {
  const size = 2 ** 26 + 1;
  const file = bin(new Uint8Array(size));
  const source = new CountingSource(memory({ file }));
  await assert.rejects(
    openPytorchBin(source, "file"),
    /^FormatError: .*data\.pkl is 67108865 bytes long; the limit is 67108864$/,
  );
  assert.ok(source.largest < 100_000);
});

test("the byte order is little or big, and little where it is not said", async () => {
  const order = (value: string) => [{ name: "archive/byteorder", bytes: utf8(value) }];
  assert.deepEqual([...(await float32(await open(bin(good, order("little"))), "a"))], [1.5, -2]);
  const swapped = await open(bin(good, order("big")));
  assert.deepEqual([...(await swapped.readBytes("a"))], [0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0]);
  assert.deepEqual([...(await swapped.readBytes("a", 1, 5))], [0xc0, 0, 0, 0xc0]);
  for (const value of ["middle", "", "little\n", "x".repeat(100_000)]) {
    await assert.rejects(
      open(bin(good, order(value))),
      /^FormatError: .*expected "little" or "big" as byteorder/,
    );
  }
});

test("a byte order of any length is not read to be refused", async () => {
  const file = bin(good, [{ name: "archive/byteorder", bytes: new Uint8Array(100_000) }]);
  const source = new CountingSource(memory({ file }));
  await assert.rejects(openPytorchBin(source, "file"), FormatError);
  assert.ok(source.largest < 100_000);
});

test("a missing file is a FileError, and a refused one is closed again", async () => {
  const source = new CountingSource(memory({ bad: utf8("PK") }));
  await assert.rejects(openPytorchBin(source, "none"), FileError);
  await assert.rejects(openPytorchBin(source, "bad"), FormatError);
  assert.equal(source.opened, 1);
  assert.equal(source.closed, 1);
});

test("a storage is looked for once, and again where that failed", async () => {
  const file = bin(good);
  let failures = 1;
  const inner = memory({ file });
  const checkpoint = await openPytorchBin(
    {
      name: "flaky",
      exists: (path) => inner.exists(path),
      read: (path) => inner.read(path),
      open: async (path) => {
        const reader = await inner.open(path);
        let opened = false;
        return {
          name: reader.name,
          size: reader.size,
          close: () => reader.close(),
          readInto: async (target, position) => {
            opened ||= position > 0 && target.length === 30 + "archive/data/0".length;
            if (opened && failures-- > 0) throw new FileError(reader.name, "the line is down");
            await reader.readInto(target, position);
          },
        };
      },
    },
    "file",
  );
  await assert.rejects(checkpoint.readBytes("a"), /the line is down/);
  await readAll(checkpoint);
});
