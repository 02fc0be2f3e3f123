import assert from "node:assert/strict";
import { test } from "node:test";
import { openSafetensors } from "../../../src/checkpoint/safetensors/open.ts";
import { FormatError, UnsupportedError } from "../../../src/errors.ts";
import { cpuTime } from "../../helpers/cpu-time.ts";
import { CountingSource, concat, memory, safetensorsFile, utf8 } from "../support.ts";

/** One tensor of one byte, and what follows its three fields. */
const entry = '"dtype":"U8","shape":[1],"data_offsets":[0,1]';

function open(file: Uint8Array) {
  return openSafetensors(memory({ "x.safetensors": file }), "x.safetensors");
}

/** Header, bytes of data, and what the message must say after the file's name. */
const broken: readonly (readonly [promise: string, file: Uint8Array, message: RegExp])[] = [
  ["an empty file", new Uint8Array(0), /begins with 8 bytes of header length; this one ends after 0$/],
  ["a file shorter than the header's length", new Uint8Array(7), /this one ends after 7$/],
  ["a header of 0 bytes", new Uint8Array(8), /the header is 0 bytes long; the shortest is "\{\}"$/],
  ["a header of 1 byte", safetensorsFile("{"), /the header is 1 bytes long; the shortest is "\{\}"$/],
  [
    "a header that is longer than the file",
    concat([Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0), utf8("{}")]),
    /the header would be 3 bytes long; the file has 2 bytes after its length$/,
  ],
  [
    "a header of more than 100 MB",
    concat([Uint8Array.of(1, 0xe1, 0xf5, 5, 0, 0, 0, 0), utf8("{}")]),
    /the header would be 100000001 bytes long; the limit is 100 MB$/,
  ],
  [
    "a header whose length needs 64 bits",
    concat([new Uint8Array(8).fill(255), utf8("{}")]),
    /the header would be 18446744073709552000 bytes long; the limit is 100 MB$/,
  ],
  [
    "a pointer of Git LFS",
    utf8("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
    /"git lfs pull"$/,
  ],
  [
    "a header that does not begin with {",
    safetensorsFile("[]"),
    /the header must begin with "\{", found byte 91$/,
  ],
  ["blanks before the header", safetensorsFile(" {}"), /must begin with "\{", found byte 32$/],
  [
    "a byte order mark before the header",
    safetensorsFile("\ufeff{}"),
    /must begin with "\{", found byte 239$/,
  ],
  [
    "text that is not UTF-8",
    safetensorsFile(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)),
    /the header is not UTF-8$/,
  ],
  [
    "text that is not JSON",
    safetensorsFile(`{"a":{${entry},}}`, 1),
    /at line 1, column 53: expected a string, found "\}\}"$/,
  ],
  [
    "a header that ends too early",
    safetensorsFile(`{"a":{${entry}}`, 1),
    /expected "," or "\}", found the end$/,
  ],
  ["text behind the header", safetensorsFile("{}{}"), /column 3: expected the end, found "\{\}"$/],
  ["NUL behind the header", safetensorsFile("{}\0"), /column 3: expected the end, found "\\u0000"$/],
  [
    "two tensors of one name",
    safetensorsFile(`{"a":{${entry}},"a":{${entry}}}`, 1),
    /the key "a" appears twice$/,
  ],
  [
    "a field that is there twice",
    safetensorsFile(`{"a":{${entry},"shape":[1]}}`, 1),
    /the key "shape" appears twice$/,
  ],
  [
    "metadata that is there twice",
    safetensorsFile('{"__metadata__":{},"__metadata__":{}}'),
    /"__metadata__" appears twice$/,
  ],
  [
    "a metadata key that is there twice",
    safetensorsFile('{"__metadata__":{"a":"","a":""}}'),
    /"a" appears twice$/,
  ],
  ["metadata that is null", safetensorsFile('{"__metadata__":null}'), /expected an object, found "null\}"$/],
  [
    "metadata that is not text",
    safetensorsFile('{"__metadata__":{"a":1}}'),
    /expected a string, found "1\}\}"$/,
  ],
  [
    "an entry that is not an object",
    safetensorsFile('{"a":["U8",[1],[0,1]]}', 1),
    /"a": expected an object, found array$/,
  ],
  [
    "a name that is not Unicode",
    safetensorsFile(`{"\\ud800":{${entry}}}`, 1),
    /"\\ud800": the name is not valid Unicode$/,
  ],
  [
    "an unknown field",
    safetensorsFile(`{"a":{${entry},"order":"F"}}`, 1),
    /"a": expected dtype, shape and data_offsets, found "order"$/,
  ],
  [
    "a missing dtype",
    safetensorsFile('{"a":{"shape":[1],"data_offsets":[0,1]}}', 1),
    /"a": dtype is missing$/,
  ],
  [
    "a missing shape",
    safetensorsFile('{"a":{"dtype":"U8","data_offsets":[0,1]}}', 1),
    /"a": shape is missing$/,
  ],
  [
    "missing offsets",
    safetensorsFile('{"a":{"dtype":"U8","shape":[1]}}', 1),
    /"a": data_offsets is missing$/,
  ],
  [
    "a dtype that is not text",
    safetensorsFile('{"a":{"dtype":8,"shape":[1],"data_offsets":[0,1]}}', 1),
    /"a": dtype: expected a string, found number$/,
  ],
  [
    "an unknown dtype",
    safetensorsFile('{"a":{"dtype":"u8","shape":[1],"data_offsets":[0,1]}}', 1),
    /"a": dtype "u8" is unknown$/,
  ],
  [
    "a shape that is not an array",
    safetensorsFile('{"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}}', 1),
    /"a": shape: expected an array, found number$/,
  ],
  [
    "a size that is not a number",
    safetensorsFile('{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}', 1),
    /"a": shape: expected a number, found string$/,
  ],
  [
    "a negative size",
    safetensorsFile('{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}', 1),
    /"a": shape: expected a whole number from 0 on, found "-1"$/,
  ],
  [
    "a size of minus zero",
    safetensorsFile('{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}'),
    /found "-0"$/,
  ],
  [
    "a size with a fraction",
    safetensorsFile('{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}', 1),
    /found "1.0"$/,
  ],
  [
    "a size with an exponent",
    safetensorsFile('{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}', 1),
    /found "1e0"$/,
  ],
  [
    "a size beyond 2^53",
    safetensorsFile('{"a":{"dtype":"U8","shape":[0,9007199254740992],"data_offsets":[0,0]}}'),
    /"a": shape: expected less than 2\^53, found "9007199254740992"$/,
  ],
  [
    "a shape whose product overflows",
    safetensorsFile('{"a":{"dtype":"U8","shape":[94906267,94906267],"data_offsets":[0,1]}}', 1),
    /"a": shape \[94906267, 94906267\] of U8 needs more than 2\^53 bytes$/,
  ],
  [
    "a shape that overflows before its zero",
    safetensorsFile('{"a":{"dtype":"U8","shape":[94906267,94906267,0],"data_offsets":[0,0]}}'),
    /needs more than 2\^53 bytes$/,
  ],
  [
    "bytes that overflow",
    safetensorsFile('{"a":{"dtype":"F64","shape":[4503599627370496],"data_offsets":[0,1]}}', 1),
    /of F64 needs more than 2\^53 bytes$/,
  ],
  [
    "one offset",
    safetensorsFile('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}', 1),
    /"a": data_offsets: expected 2 numbers, found 1$/,
  ],
  [
    "three offsets",
    safetensorsFile('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}', 1),
    /"a": data_offsets: expected 2 numbers, found 3$/,
  ],
  [
    "offsets that run backwards",
    safetensorsFile('{"a":{"dtype":"U8","shape":[0],"data_offsets":[1,0]}}', 1),
    /"a": data_offsets: the end, 0, lies before the start, 1$/,
  ],
  [
    "a negative offset",
    safetensorsFile('{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}', 1),
    /"a": data_offsets: expected a whole number from 0 on, found "-1"$/,
  ],
  [
    "an offset beyond 2^53",
    safetensorsFile('{"a":{"dtype":"U8","shape":[0],"data_offsets":[9007199254740992,9007199254740992]}}', 1),
    /"a": data_offsets: expected less than 2\^53/,
  ],
  [
    "a shape that does not fit its bytes",
    safetensorsFile('{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}}', 20),
    /"a": shape \[2, 3\] of F32 needs 24 bytes, data_offsets hold 20$/,
  ],
  [
    "more bytes than the shape takes",
    safetensorsFile('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,2]}}', 2),
    /"a": shape \[1\] of U8 needs 1 bytes, data_offsets hold 2$/,
  ],
  [
    "a scalar without bytes",
    safetensorsFile('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,0]}}'),
    /"a": shape \[\] of F32 needs 4 bytes, data_offsets hold 0$/,
  ],
  [
    "a hole before the first tensor",
    safetensorsFile('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', 2),
    /"a": data_offsets begin at 1, the tensor before ends at 0$/,
  ],
  [
    "a hole between tensors",
    safetensorsFile(`{"a":{${entry}},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, 3),
    /"b": data_offsets begin at 2, the tensor before ends at 1$/,
  ],
  [
    "tensors that overlap",
    safetensorsFile(
      `{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`,
      3,
    ),
    /"b": data_offsets begin at 1, the tensor before ends at 2$/,
  ],
  [
    "two tensors on the same bytes",
    safetensorsFile(`{"a":{${entry}},"b":{${entry}}}`, 1),
    /"b": data_offsets begin at 0, the tensor before ends at 1$/,
  ],
  [
    "data behind the last tensor",
    safetensorsFile(`{"a":{${entry}}}`, 2),
    /the tensors take 1 bytes, the file has 2 bytes of data$/,
  ],
  [
    "data without tensors",
    safetensorsFile("{}", 1),
    /the tensors take 0 bytes, the file has 1 bytes of data$/,
  ],
  [
    "a file that is cut off",
    safetensorsFile(`{"a":{${entry}}}`, 0),
    /the tensors take 1 bytes, the file has 0 bytes of data$/,
  ],
];

for (const [what, file, message] of broken) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(open(file), (error) => {
      assert.ok(error instanceof FormatError);
      assert.equal(error.file, "memory/x.safetensors");
      assert.match(error.message, /^memory\/x\.safetensors: /);
      assert.match(error.message, message);
      return true;
    });
  });
}

for (const dtype of ["F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "C64"]) {
  test(`refused by name: ${dtype}, an element type of newer versions`, async () => {
    const file = safetensorsFile(`{"a":{"dtype":"${dtype}","shape":[8],"data_offsets":[0,4]}}`, 4);
    await assert.rejects(open(file), (error) => {
      assert.ok(error instanceof UnsupportedError);
      assert.equal(error.message, `memory/x.safetensors: tensor "a": dtype "${dtype}" is not supported`);
      assert.equal(error.code, "unsupported-dtype");
      assert.equal(error.subject, "a");
      assert.equal(error.file, "memory/x.safetensors");
      return true;
    });
  });
}

test("a name full of control characters does not reach a terminal", async () => {
  const name = `${"\\u001b]0;".repeat(3)}\u009b31m\u202e${"x".repeat(10_000)}`;
  await assert.rejects(open(safetensorsFile(`{"${name}":{}}`)), (error) => {
    assert.ok(error instanceof FormatError);
    assert.match(error.message, /^[\u0020-\u007e…]*$/);
    assert.ok(error.message.length < 400);
    return true;
  });
});

test("the smallest file has no tensors", async () => {
  const checkpoint = await open(safetensorsFile("{}"));
  assert.equal(checkpoint.tensors.size, 0);
  assert.equal(checkpoint.metadata.size, 0);
});

test("any JSON blanks may follow the header, as the Rust reader has it", async () => {
  assert.equal((await open(safetensorsFile("{ } \t\r\n"))).tensors.size, 0);
});

test("metadata is text by text", async () => {
  const checkpoint = await open(safetensorsFile('{"__metadata__":{"format":"pt","__proto__":"x","":"é"}}'));
  assert.deepEqual(
    [...checkpoint.metadata],
    [
      ["format", "pt"],
      ["__proto__", "x"],
      ["", "é"],
    ],
  );
});

test("tensors are listed in the order of their bytes, empty ones included", async () => {
  const of = (name: string, shape: string, start: number, end: number): string =>
    `"${name}":{"data_offsets":[${start},${end}],"shape":${shape},"dtype":"F16"}`;
  const header = `{${[of("d", "[0]", 6, 6), of("b", "[1,2]", 2, 6), of("c", "[3,0]", 2, 2), of("a", "[]", 0, 2)]}}`;
  const checkpoint = await open(safetensorsFile(header, 6));
  const dataStart = 8 + header.length;
  assert.deepEqual(
    [...checkpoint.tensors.values()],
    [
      { name: "a", shape: [], byteOffset: dataStart, byteLength: 2 },
      { name: "c", shape: [3, 0], byteOffset: dataStart + 2, byteLength: 0 },
      { name: "b", shape: [1, 2], byteOffset: dataStart + 2, byteLength: 4 },
      { name: "d", shape: [0], byteOffset: dataStart + 6, byteLength: 0 },
    ].map((info) => ({ dtype: "F16", file: "memory/x.safetensors", ...info })),
  );
});

test("tensors may be called __proto__, constructor and the empty string", async () => {
  const entries = ["__proto__", "constructor", ""].map(
    (name, i) => `"${name}":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`,
  );
  const checkpoint = await open(safetensorsFile(`{${entries}}`, Uint8Array.of(5, 6, 7)));
  assert.deepEqual([...checkpoint.tensors.keys()], ["__proto__", "constructor", ""]);
  assert.deepEqual([...(await checkpoint.readBytes("__proto__"))], [5]);
  assert.equal(({} as Record<string, unknown>).dtype, undefined);
});

test("opening reads the header only, and a refused file is closed again", async () => {
  const header = `{"a":{"dtype":"U8","shape":[100000],"data_offsets":[0,100000]}}`;
  const source = new CountingSource(
    memory({ good: safetensorsFile(header, 100_000), bad: safetensorsFile("{]") }),
  );
  const checkpoint = await openSafetensors(source, "good");
  assert.equal(source.largest, header.length);
  await checkpoint.close();
  await assert.rejects(openSafetensors(source, "bad"), FormatError);
  assert.equal(source.opened, 2);
  assert.equal(source.closed, 2);
});

// 0.09 s for 20 000 tensors (2 MB of header; 2026-11-23, Node 20, 2 cores). The bound only excludes a quadratic reader.
test("a header of 20000 tensors is read in seconds", async () => {
  const entries = Array.from(
    { length: 20_000 },
    (_, i) => `"layer.${i}.weight":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`,
  );
  const file = safetensorsFile(`{${entries}}`, entries.length);
  const start = cpuTime();
  assert.equal((await open(file)).tensors.size, entries.length);
  assert.ok(cpuTime() - start < 10_000);
});
