import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { decodeEmbeddings, encodeEmbeddings } from "../../src/embedding-files/encode.ts";
import { formatNpyHeader, parseNpyHeader } from "../../src/embedding-files/npy-header.ts";
import { loadEmbeddings } from "../../src/embedding-files/save.ts";
import { FormatError, UnsupportedError } from "../../src/errors.ts";
import { expected, fixturePath } from "./support.ts";

const oracle = `numpy ${expected.oracle.numpy}`;
const floats = expected.floats.map((row) => Float32Array.from(row));

for (const [name, embeddings] of [
  ["f4", floats],
  ["f4-fortran", floats],
  ["f4-big-endian", floats],
  ["f4-version-2", floats],
  ["f4-version-3", floats],
  ["f2", floats],
  ["f2-big-endian-fortran", floats],
  ["f8", floats],
  ["f8-big-endian", floats],
  ["one-vector", floats.slice(0, 1)],
  ["no-rows", []],
  ["i1", expected.int8.map((row) => Int8Array.from(row))],
  ["u1", expected.uint8.map((row) => Uint8Array.from(row))],
  ["u1-fortran", expected.uint8.map((row) => Uint8Array.from(row))],
] as const) {
  test(`${name}.npy of ${oracle} is read`, async () => {
    const loaded = await loadEmbeddings(fixturePath(`${name}.npy`));
    assert.deepEqual(loaded, {
      embeddings,
      sentences: undefined,
      model: undefined,
      prompt: undefined,
      metadata: {},
    });
  });
}

for (const [name, embeddings] of [
  ["f4", floats],
  ["f4", expected.floats],
  ["i1", expected.int8.map((row) => Int8Array.from(row))],
  ["u1", expected.uint8.map((row) => Uint8Array.from(row))],
] as const) {
  test(`the bytes are those of ${oracle}: ${name}`, async () => {
    const written = await encodeEmbeddings({ embeddings }, "npy");
    assert.deepEqual(Buffer.from(written), readFileSync(fixturePath(`${name}.npy`)));
  });
}

for (const [name, message] of [
  ["refused-i4", /elements of type "<i4" are not supported; supported: f2, f4, f8, i1, u1$/],
  ["refused-c8", /elements of type "<c8" are not supported/],
  ["refused-strings", /elements of type "<U2" are not supported/],
  ["refused-structured", /structured arrays are not supported$/],
  ["refused-three-axes", /expected a matrix, found 3 axes$/],
  ["refused-scalar", /expected a matrix, found 0 axes$/],
] as const) {
  test(`${name}.npy is refused by name`, async () => {
    await assert.rejects(loadEmbeddings(fixturePath(`${name}.npy`)), { name: "UnsupportedError", message });
  });
}

test("a file with a second array is refused", async () => {
  await assert.rejects(loadEmbeddings(fixturePath("refused-two-arrays.npy")), {
    name: "FormatError",
    message: /shape \[6, 5\] of <f4 needs 120 bytes, the file has 368 after its header$/,
  });
});

/** A version 1.0 file with this text as header. */
function npy(header: string, data = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(10 + text.length + data);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
  bytes.set(text, 10);
  return bytes;
}

const start = "{'descr': '<f4', 'fortran_order': False, 'shape': ";

test("a header is read in every form that Python might write it in", async () => {
  for (const header of [
    `${start}(1, 1), }          \n`,
    `${start}(1, 1)}`,
    `${start}(1L, 1L,)}\n`,
    `{"shape":(1,1),"fortran_order":False,"descr":"<f4"}`,
    ` { 'shape' : ( 1 , 1 , ) ,\n'fortran_order' : True , 'descr' : '<f4' , } \t\r\n`,
  ]) {
    const { embeddings } = await decodeEmbeddings(npy(header, 4), "npy");
    assert.deepEqual(embeddings, [Float32Array.of(0)], header);
  }
});

const broken: readonly (readonly [promise: string, bytes: Uint8Array, message: RegExp])[] = [
  ["an empty file", new Uint8Array(0), /expected "\\x93NUMPY" at the beginning, found other bytes$/],
  [
    "another file",
    new TextEncoder().encode("PK\x03\x04 a zip archive"),
    /at the beginning, found other bytes$/,
  ],
  ["the magic string alone", npy("").subarray(0, 8), /the file ends within the header$/],
  [
    "a header cut off",
    npy(`${start}(1, 1), }`).subarray(0, 30),
    /the header would end at byte 69, the file has 30/,
  ],
  ["a header of 20,000 bytes", npy(" ".repeat(20_000)), /would be 20000 bytes long; the limit is 10000$/],
  ["an empty header", npy("  "), /the header: expected "\{", found its end$/],
  ["a list", npy("[1, 2]"), /the header: expected "\{", found "\[1, 2\]"$/],
  ["a key that is unknown", npy("{'order': 'C'}"), /each once, found "order"$/],
  ["a key that is there twice", npy("{'descr': '<f4', 'descr': '<f4'}"), /each once, found "descr"$/],
  [
    "a key that is missing",
    npy("{'descr': '<f4', 'fortran_order': False}"),
    /fortran_order and shape, found less$/,
  ],
  ["a number as key", npy("{1: 2}"), /expected a string, found "1: 2\}"$/],
  ["a string that does not end", npy("{'descr': '<f4"), /expected a string, found "'<f4"$/],
  [
    "an order that is not a boolean",
    npy("{'fortran_order': Falsely}"),
    /expected True or False, found "Falsely\}"$/,
  ],
  ["a shape that is a number", npy(`${start}4}`), /expected "\(", found "4\}"$/],
  ["a shape in brackets", npy(`${start}(4)}`), /expected a tuple, found \(4\)$/],
  ["a negative dimension", npy(`${start}(-1, 1)}`), /expected a whole number, found "-1, 1\)\}"$/],
  ["a fraction", npy(`${start}(1.5, 1)}`), /expected "\)", found ".5, 1\)\}"$/],
  ["a dimension beyond 2^53", npy(`${start}(9007199254740992, 1)}`), /below 2\^53, found 9007199254740992$/],
  [
    "more elements than can be counted",
    npy(`${start}(9007199254740991, 9007199254740991)}`),
    /needs .* bytes, the file has 0/,
  ],
  [
    "something after the dictionary",
    npy(`${start}(1, 1)} 7`, 4),
    /expected the end of the header, found "7"$/,
  ],
  [
    "less data than the shape needs",
    npy(`${start}(2, 3), }\n`, 23),
    /\[2, 3\] of <f4 needs 24 bytes, the file has 23/,
  ],
  [
    "more data than the shape needs",
    npy(`${start}(2, 3), }\n`, 25),
    /\[2, 3\] of <f4 needs 24 bytes, the file has 25/,
  ],
  ["vectors without dimensions", npy(`${start}(1000000000, 0), }\n`), /has vectors without dimensions$/],
];

for (const [promise, bytes, message] of broken) {
  test(`refused: ${promise}`, async () => {
    await assert.rejects(decodeEmbeddings(bytes, "npy", { name: "x.npy" }), (error) => {
      assert.ok(error instanceof FormatError);
      assert.equal(error.file, "x.npy");
      assert.match(error.message, message);
      return true;
    });
  });
}

for (const [descr, promise] of [
  ["=f4", "a byte order that no file has"],
  ["|f4", "no byte order where one is needed"],
  ["f4", "no byte order at all"],
  ["<f16", "a size that is not supported"],
] as const) {
  test(`refused: ${promise}`, async () => {
    const bytes = npy(`{'descr': '${descr}', 'fortran_order': False, 'shape': (1, 1)}`, 4);
    await assert.rejects(decodeEmbeddings(bytes, "npy"), UnsupportedError);
  });
}

test("an unknown version is refused", async () => {
  const bytes = npy(`${start}(1, 1)}`, 4);
  bytes[6] = 4;
  await assert.rejects(decodeEmbeddings(bytes, "npy"), {
    name: "UnsupportedError",
    code: "unsupported-npy",
    file: "embeddings",
  });
});

test("a header can be replaced by one of the same length, whatever the number of rows", () => {
  fc.assert(
    fc.property(fc.nat(), fc.maxSafeNat(), fc.integer({ min: 1, max: 1e6 }), (few, many, dimension) => {
      const { length } = formatNpyHeader("<f4", [few, dimension])!;
      assert.equal(length % 64, 0);
      const header = formatNpyHeader("<f4", [many, dimension], length)!;
      assert.equal(header.length, length);
      assert.deepEqual(parseNpyHeader(header, "x.npy"), {
        descr: "<f4",
        fortranOrder: false,
        shape: [many, dimension],
        dataStart: length,
      });
    }),
  );
  assert.equal(formatNpyHeader("<f4", [1, 1], 60), undefined);
});
