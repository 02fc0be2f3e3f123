import assert from "node:assert/strict";
import { open, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { CheckpointDType } from "../../../src/checkpoint/dtype.ts";
import { dtypeInfo, elementCount } from "../../../src/checkpoint/dtype.ts";
import { openSafetensors } from "../../../src/checkpoint/safetensors/open.ts";
import {
  float32ToWrite,
  type TensorToWrite,
  writeSafetensors,
} from "../../../src/checkpoint/safetensors/write.ts";
import { ArgumentError, FileError } from "../../../src/errors.ts";
import { writeFileAtomically } from "../../../src/files/write-file-node.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { concat, fixtureJson, memory, versions } from "../support.ts";

interface WrittenCase {
  readonly title: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly tensors: readonly {
    readonly name: string;
    readonly dtype: CheckpointDType;
    readonly shape: readonly number[];
    readonly bytes: string;
  }[];
  readonly file: string;
}

async function write(
  tensors: readonly TensorToWrite[],
  metadata?: ReadonlyMap<string, string>,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeSafetensors(tensors, metadata)) pieces.push(piece);
  assert.ok(pieces.every(({ length }) => length > 0));
  return concat(pieces);
}

for (const { title, metadata, tensors, file } of fixtureJson<readonly WrittenCase[]>("written.json")) {
  test(`the bytes are those of Python's safetensors ${versions.safetensors}: ${title}`, async () => {
    const given = tensors.map((tensor) => ({ ...tensor, bytes: Buffer.from(tensor.bytes, "base64") }));
    const found = await write(given, metadata === null ? undefined : new Map(Object.entries(metadata)));
    assert.equal(Buffer.from(found).toString("latin1"), Buffer.from(file, "base64").toString("latin1"));
  });
}

test("several metadata keys are written by name", async () => {
  const file = await write(
    [],
    new Map([
      ["b", "1"],
      ["\u{1d11e}", "3"],
      ["\uffee", "2"],
      ["a", "0"],
    ]),
  );
  assert.equal(
    new TextDecoder().decode(file.subarray(8)).trimEnd(),
    '{"__metadata__":{"a":"0","b":"1","\uffee":"2","\u{1d11e}":"3"}}',
  );
});

const dtypes: readonly CheckpointDType[] = [
  "F64",
  "F32",
  "F16",
  "BF16",
  "F8_E4M3",
  "I64",
  "U16",
  "U8",
  "BOOL",
];

const anyTensor = fc
  .tuple(
    fc.string({ maxLength: 8 }).filter((name) => name !== "__metadata__"),
    fc.constantFrom(...dtypes),
    fc.array(fc.nat(3), { maxLength: 4 }),
    fc.integer(),
  )
  .map(([name, dtype, shape, seed]): TensorToWrite => {
    const length = elementCount(shape)! * dtypeInfo(dtype).byteSize;
    return { name, dtype, shape, bytes: Uint8Array.from({ length }, (_, i) => seed * (i + 1)) };
  });

test("what is written is read back: names, types, shapes, bytes, metadata", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(anyTensor, { selector: ({ name }) => name, maxLength: 6 }),
      fc.option(fc.dictionary(fc.string(), fc.string()), { nil: undefined }),
      async (tensors, metadata) => {
        const given = metadata && new Map(Object.entries(metadata));
        const file = await write(tensors, given);
        assert.equal(
          file.length % 8,
          tensors.reduce((sum, { bytes }) => sum + (bytes as Uint8Array).length, 0) % 8,
        );
        const checkpoint = await openSafetensors(memory({ file }), "file");
        assert.equal(checkpoint.tensors.size, tensors.length);
        for (const { name, dtype, shape, bytes } of tensors) {
          const info = checkpoint.tensors.get(name)!;
          assert.deepEqual([info.dtype, info.shape], [dtype, shape]);
          assert.equal(info.byteOffset % dtypeInfo(dtype).byteSize, 0, "every tensor is aligned");
          assert.deepEqual(await checkpoint.readBytes(name), bytes);
        }
        assert.deepEqual(new Map(checkpoint.metadata), given ?? new Map());
      },
    ),
  );
});

test("f32 values are written in the type that is asked for", async () => {
  const values = Float32Array.of(1, 65536, -0.1);
  const file = await write([
    float32ToWrite("a", [3], values),
    float32ToWrite("b", [3, 1], values, "F16"),
    float32ToWrite("c", [1, 3], values, "BF16"),
  ]);
  const checkpoint = await openSafetensors(memory({ file }), "file");
  const found = new Float32Array(3);
  await checkpoint.readFloat32("a", found, 0);
  assert.deepEqual(found, values);
  await checkpoint.readFloat32("b", found, 0);
  assert.deepEqual([...found], [1, Number.POSITIVE_INFINITY, -0.0999755859375]);
  await checkpoint.readFloat32("c", found, 0);
  assert.deepEqual([...found], [1, 65536, -0.10009765625]);
});

test("a tensor's bytes are only made when their turn comes", async () => {
  const made: string[] = [];
  const tensor = (name: string): TensorToWrite => ({
    name,
    dtype: "U8",
    shape: [1],
    bytes: async () => {
      made.push(name);
      return Uint8Array.of(1);
    },
  });
  const pieces = writeSafetensors([tensor("b"), tensor("a")]);
  await pieces.next();
  assert.deepEqual(made, []);
  await pieces.next();
  assert.deepEqual(made, ["a"]);
  await pieces.next();
  assert.deepEqual(made, ["a", "b"]);
});

test("bytes in shared memory are written in pieces that are not shared; others are not copied", async () => {
  const shared = new Uint8Array(new SharedArrayBuffer(2 ** 20 + 1)).fill(3);
  const own = new Uint8Array(5).fill(4);
  const pieces: Uint8Array[] = [];
  const tensors: TensorToWrite[] = [
    { name: "a", dtype: "U8", shape: [shared.length], bytes: shared },
    { name: "b", dtype: "U8", shape: [5], bytes: own },
  ];
  for await (const piece of writeSafetensors(tensors)) pieces.push(piece);
  assert.deepEqual(
    pieces.slice(1).map(({ length }) => length),
    [2 ** 20, 1, 5],
  );
  assert.ok(pieces.every(({ buffer }) => buffer instanceof ArrayBuffer));
  assert.equal(pieces.at(-1), own);
  assert.ok(pieces[1]!.every((byte) => byte === 3));
});

const one = Uint8Array.of(1);
const refused: readonly (readonly [
  string,
  readonly TensorToWrite[],
  ReadonlyMap<string, string> | undefined,
  readonly [code: string, subject: string],
])[] = [
  [
    "two tensors of one name",
    [1, 2].map(() => ({ name: "a", dtype: "U8", shape: [1], bytes: one })),
    undefined,
    ["duplicate-name", "a"],
  ],
  [
    "a tensor called __metadata__",
    [{ name: "__metadata__", dtype: "U8", shape: [1], bytes: one }],
    undefined,
    ["reserved-name", "__metadata__"],
  ],
  [
    "a name with half a character",
    [{ name: "\ud800", dtype: "U8", shape: [1], bytes: one }],
    undefined,
    ["invalid-unicode", "\ud800"],
  ],
  ["metadata with half a character", [], new Map([["a", "\udc00"]]), ["invalid-unicode", "\udc00"]],
  ["metadata that is not text", [], new Map([["a", 1 as unknown as string]]), ["invalid-unicode", "1"]],
  [
    "an unknown dtype",
    [{ name: "a", dtype: "U9" as CheckpointDType, shape: [1], bytes: one }],
    undefined,
    ["unsupported-dtype", "a"],
  ],
  [
    "a negative size",
    [{ name: "a", dtype: "U8", shape: [-1], bytes: one }],
    undefined,
    ["invalid-argument", "a"],
  ],
  [
    "a shape that overflows",
    [{ name: "a", dtype: "U8", shape: [2 ** 40, 2 ** 40], bytes: () => one }],
    undefined,
    ["invalid-argument", "a"],
  ],
  [
    "bytes that do not fit the shape",
    [{ name: "a", dtype: "F32", shape: [2, 2], bytes: one }],
    undefined,
    ["shape-mismatch", "a"],
  ],
];

for (const [what, tensors, metadata, expected] of refused) {
  test(`rejected before the first piece: ${what}`, async () => {
    await assert.rejects(writeSafetensors(tensors, metadata).next(), (error) => {
      assert.ok(error instanceof ArgumentError);
      assert.deepEqual([error.code, error.subject], expected);
      return true;
    });
  });
}

test("bytes that turn out not to fit the shape are refused at their turn", async () => {
  const tensors: TensorToWrite[] = [{ name: "a", dtype: "F32", shape: [1], bytes: () => one }];
  await assert.rejects(write(tensors), /^ArgumentError: .*"a" \[1\] of F32 takes 4 bytes, got 1$/);
});

test("a file is replaced by the complete new one or stays as it is", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "model.safetensors");
  await writeFile(path, "old");

  const failing: TensorToWrite = {
    name: "a",
    dtype: "U8",
    shape: [1],
    bytes: () => {
      throw new Error("out of paper");
    },
  };
  await assert.rejects(writeFileAtomically(path, writeSafetensors([failing])), /^Error: out of paper$/);
  assert.equal(await readFile(path, "utf8"), "old");
  assert.deepEqual(await readdir(folder), ["model.safetensors"]);

  const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(1);
  const tensors: TensorToWrite[] = [{ name: "a", dtype: "F32", shape: [1], bytes: shared }];
  await writeFileAtomically(path, writeSafetensors(tensors, new Map([["format", "pt"]])));
  assert.deepEqual(new Uint8Array(await readFile(path)), await write(tensors, new Map([["format", "pt"]])));
  assert.deepEqual(await readdir(folder), ["model.safetensors"]);
});

test("a file that cannot be closed is not there, and hides no earlier error", async (t) => {
  const folder = await temporaryFolder(t);
  const handle = await open(join(folder, "other"), "wx");
  await handle.close();
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  const { write: writeBytes } = prototype;
  // `close` is a handle's own: it can be replaced when the handle is used.
  t.mock.method(prototype, "write", function (this: typeof handle, ...args: Parameters<typeof writeBytes>) {
    const { close } = this;
    this.close = async () => {
      await close();
      throw new Error("EIO: i/o error, close");
    };
    return writeBytes.apply(this, args);
  });
  const path = join(folder, "model.safetensors");
  await assert.rejects(writeFileAtomically(path, writeSafetensors([])), {
    name: "FileError",
    code: "file-not-writable",
    message: `${path}: cannot be written: EIO: i/o error, close`,
  });
  const bytes = () => {
    throw new Error("out of paper");
  };
  await assert.rejects(
    writeFileAtomically(path, writeSafetensors([{ name: "a", dtype: "U8", shape: [1], bytes }])),
    {
      message: "out of paper",
    },
  );
  assert.deepEqual(await readdir(folder), ["other"]);
});

test("a folder that is not there is a FileError with the file's name", async () => {
  const path = join(tmpdir(), "sentensor-none", "model.safetensors");
  await assert.rejects(writeFileAtomically(path, writeSafetensors([])), (error) => {
    assert.ok(error instanceof FileError);
    assert.equal(error.file, path);
    return true;
  });
});
