import assert from "node:assert/strict";
import { test } from "node:test";
import { readStateDict } from "../../../src/checkpoint/pytorch-bin/state-dict.ts";
import { FormatError, UnsupportedError } from "../../../src/errors.ts";
import { concat, utf8 } from "../support.ts";
import { called, dict, imported, integer, PROTO_2, pickle, tensor, text, tuple } from "./build.ts";

const sizes = new Map([["0", 8]]);

function read(bytes: Uint8Array<ArrayBuffer>) {
  return readStateDict(bytes, sizes, "x.bin");
}

const NONE = utf8("N");
const TWO = tuple(integer(2));
test("the machine is told of nothing but tensors", () => {
  const tensors = read(dict(text("a"), tensor(), text("b"), tensor({ more: [NONE] })));
  assert.deepEqual([...tensors.keys()], ["a", "b"]);
  const { dtype, shape, strides, offset, storage } = tensors.get("a")!;
  assert.deepEqual([dtype, shape, strides, offset, storage.key], ["F32", [2], [1], 0, "0"]);
});

test("a tensor of an untyped storage has the dtype that is said", () => {
  const parts = { type: imported("torch.storage", "UntypedStorage"), elements: 8 };
  const of = (name: string): string | undefined => read(dict(text("a"), v3Of(name))).get("a")?.dtype;
  const v3Of = (name: string): Uint8Array => {
    const v2 = tensor({ ...parts, size: tuple(integer(1)), more: [imported("torch", name)] });
    const at = indexOf(v2, utf8("_rebuild_tensor_v2"));
    return concat([v2.subarray(0, at), utf8("_rebuild_tensor_v3"), v2.subarray(at + 18)]);
  };
  assert.equal(of("uint16"), "U16");
  assert.equal(of("float8_e4m3fn"), "F8_E4M3");
  assert.throws(() => of("complex64"), /imports "torch\.complex64"/);
  assert.throws(() => of("FloatStorage"), /makes a tensor without a dtype$/);
});

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  for (let at = 0; ; at++) if (part.every((byte, i) => bytes[at + i] === byte)) return at;
}

test("a shape may be a torch.Size, parameters and attributes of the dict are seen through", () => {
  const size = called(imported("torch", "Size"), tuple(TWO));
  const parameter = called(
    imported("torch._utils", "_rebuild_parameter"),
    tuple(tensor({ size }), Uint8Array.of(0x88), NONE),
  );
  const attributes = pickle(
    PROTO_2,
    called(imported("collections", "OrderedDict"), utf8(")")),
    "(",
    text("a"),
    parameter,
    "u}",
    text("_metadata"),
    "}sb.",
  );
  assert.deepEqual(read(attributes).get("a")?.shape, [2]);
});

test("a memo cannot make a pickle larger than it is", () => {
  // Each list holds the one before twice: 2^60 leaves if it were written out.
  let bytes = concat([PROTO_2, utf8("]"), Uint8Array.of(0x71, 0)]);
  for (let i = 0; i < 60; i++)
    bytes = concat([
      bytes,
      utf8("]("),
      Uint8Array.of(0x68, i, 0x68, i),
      utf8("e"),
      Uint8Array.of(0x71, i + 1),
    ]);
  assert.throws(
    () => read(concat([bytes, utf8(".")])),
    /expected a dict from names to tensors, found a list of 2$/,
  );
});

test("a list that contains itself is a value like any other", () => {
  assert.throws(() => read(pickle(PROTO_2, "]q\0h\0a.")), /found a list of 1$/);
});

test("more opcodes than any state dict has are refused", () => {
  const bytes = new Uint8Array(2 ** 21 + 10).fill(0x4e);
  assert.throws(() => read(bytes), /^FormatError: x\.bin: the pickle has more than 2097152 opcodes$/);
});

const f32 = (change: Parameters<typeof tensor>[0]): Uint8Array<ArrayBuffer> =>
  dict(text("a"), tensor(change));
const many = tuple(...Array.from({ length: 65 }, () => integer(1)));

const broken: readonly (readonly [string, Uint8Array<ArrayBuffer>, RegExp])[] = [
  [
    "a negative size by BININT",
    f32({ size: tuple(Uint8Array.of(0x4a, 0xfe, 0xff, 0xff, 0xff)) }),
    /gives -2 as the shape of a tensor$/,
  ],
  [
    "a storage of six values, which old versions wrote for views",
    pickle(
      PROTO_2,
      tuple(text("storage"), imported("torch", "FloatStorage"), text("0"), text("cpu"), integer(2), NONE),
      "Q.",
    ),
    /describes a storage by a tuple of 6$/,
  ],
  ["an empty pickle", pickle(), /before byte 0, ends at byte 0; 1 bytes should follow byte 0$/],
  ["a pickle that does not stop", pickle(PROTO_2, "}"), /ends at byte 3; 1 bytes should follow/],
  ["a pickle of nothing", pickle(PROTO_2, "."), /takes more values than there are$/],
  ["a byte that is no opcode", pickle(PROTO_2, 0xff), /byte 2 of the pickle, 0xff, is not an opcode$/],
  [
    "text beyond the end",
    pickle(PROTO_2, "X", 255, 255, 255, 255),
    /ends at byte 7; 4294967295 bytes should follow byte 7$/,
  ],
  [
    "text of 2^64 bytes",
    pickle(PROTO_2, 0x8d, new Uint8Array(8).fill(255)),
    /18446744073709552000 bytes should follow/,
  ],
  ["text that is not UTF-8", pickle(PROTO_2, 0x8c, 1, 0xff, "."), /has text that is not UTF-8$/],
  ["a name without an end", pickle(PROTO_2, "ctorch"), /ends within a name$/],
  ["a mark that is not there", pickle(PROTO_2, "t."), /takes the values since a mark, and there is no mark$/],
  ["a pair without values", pickle(PROTO_2, "N", 0x86, "."), /takes more values than there are$/],
  ["a value that was not stored", pickle(PROTO_2, "h\x05."), /refers to value 5, which it has not stored$/],
  ["storing nothing", pickle(PROTO_2, "q\0."), /takes more values than there are$/],
  ["an item of what is not a list", pickle(PROTO_2, "NNa."), /appends to what is not a list$/],
  ["a key of what is not a dict", pickle(PROTO_2, "NNNs."), /sets items of what is not a dict$/],
  ["a key without a value", pickle(PROTO_2, "}(Nu."), /sets a key without a value$/],
  ["an import by what is not text", pickle(PROTO_2, "NN", 0x93, "."), /imports by what is not text$/],
  [
    "a call with what is not a tuple",
    pickle(PROTO_2, imported("torch", "Size"), "NR."),
    /calls with what is not a tuple$/,
  ],
  ["a call of what is not a function", pickle(PROTO_2, "N)R."), /calls null$/],
  ["a call of a dtype", pickle(PROTO_2, imported("torch", "float32"), ")R."), /calls "torch\.float32"$/],
  ["attributes of what is not a dict", pickle(PROTO_2, "]Nb."), /sets attributes of a list of 0$/],
  [
    "an OrderedDict of something",
    pickle(PROTO_2, imported("collections", "OrderedDict"), "(Nt", "R."),
    /makes an OrderedDict out of arguments$/,
  ],
  [
    "a number in place of the dict",
    pickle(PROTO_2, "K\x07."),
    /expected a dict from names to tensors, found 7$/,
  ],
  ["a key that is not text", dict(integer(1), tensor()), /expected names of tensors as keys, found 1$/],
  ["a value that is not a tensor", dict(text("a"), text("b")), /"a": expected a tensor, found "b"$/],
  [
    "a storage in place of a tensor",
    dict(
      text("a"),
      concat([
        tuple(text("storage"), imported("torch", "FloatStorage"), text("0"), text("cpu"), integer(2)),
        utf8("Q"),
      ]),
    ),
    /"a": expected a tensor, found a storage$/,
  ],
  [
    "two tensors of one name",
    dict(text("a"), tensor(), text("a"), tensor()),
    /the tensor "a" appears twice$/,
  ],
  ["a storage that is described by text", pickle(PROTO_2, text("0"), "Q."), /describes a storage by "0"$/],
  [
    "a storage of an unknown tag",
    pickle(
      PROTO_2,
      tuple(text("module"), imported("torch", "FloatStorage"), text("0"), text("cpu"), integer(2)),
      "Q.",
    ),
    /describes a storage by a tuple of 5$/,
  ],
  [
    "a storage whose type is a function",
    f32({ type: imported("torch", "Size") }),
    /describes a storage by a tuple of 5$/,
  ],
  ["a storage whose key is a number", f32({ key: integer(0) }), /describes a storage by a tuple of 5$/],
  [
    "a storage that is not in the archive",
    f32({ key: text("../data.pkl") }),
    /refers to the storage "\.\.\/data\.pkl", which is not in the archive$/,
  ],
  [
    "a storage of another size",
    f32({ elements: 3 }),
    /expects 12 bytes in the storage "0"; the archive has 8$/,
  ],
  ["a storage of a negative size", f32({ elements: -2 }), /gives -2 as the size of a storage$/],
  [
    "a tensor of no storage",
    pickle(PROTO_2, imported("torch._utils", "_rebuild_tensor_v2"), ")R."),
    /makes a tensor of nothing$/,
  ],
  [
    "a parameter of no tensor",
    pickle(PROTO_2, imported("torch._utils", "_rebuild_parameter"), ")R."),
    /makes a parameter of nothing$/,
  ],
  ["a shape that is a number", f32({ size: integer(2) }), /gives 2 as the shape of a tensor$/],
  ["a size that is text", f32({ size: tuple(text("2")) }), /gives "2" as the shape of a tensor$/],
  [
    "a size that is no whole number",
    f32({ size: tuple(concat([utf8("G"), Uint8Array.of(0x3f, 0xf8, 0, 0, 0, 0, 0, 0)])) }),
    /gives 1\.5 as the shape of a tensor$/,
  ],
  [
    "a size beyond 2^53",
    f32({ size: tuple(integer(2 ** 60)) }),
    /gives 1152921504606846976 as the shape of a tensor$/,
  ],
  ["a negative size", f32({ size: tuple(integer(-1)) }), /gives -1 as the shape of a tensor$/],
  ["a negative stride", f32({ stride: tuple(integer(-1)) }), /gives -1 as the strides of a tensor$/],
  ["a negative offset", f32({ offset: integer(-1) }), /gives -1 as the offset of a tensor$/],
  ["another number of strides than of sizes", f32({ stride: tuple() }), /shape \[2\] with the strides \[\]$/],
  [
    "more axes than torch has",
    f32({ size: many, stride: many }),
    /gives 65 numbers as the shape of a tensor; torch has at most 64 axes$/,
  ],
  [
    "an element beyond the storage",
    f32({ offset: integer(1) }),
    /shape \[2\], strides \[1\] and offset 1 of a storage of 2 elements$/,
  ],
  [
    "a stride beyond the storage",
    f32({ stride: tuple(integer(2)) }),
    /strides \[2\] and offset 0 of a storage of 2 elements$/,
  ],
  ["a stride that overflows", f32({ stride: tuple(integer(2 ** 52)) }), /of a storage of 2 elements$/],
  [
    "a shape that overflows",
    f32({ size: tuple(integer(2 ** 40), integer(2 ** 40)), stride: tuple(integer(0), integer(0)) }),
    /of a storage of 2 elements$/,
  ],
  [
    "an offset beyond the storage of a tensor without elements",
    f32({ size: tuple(integer(0)), offset: integer(3) }),
    /offset 3 of a storage of 2 elements$/,
  ],
  [
    "a tensor of an untyped storage without a dtype",
    f32({ type: imported("torch.storage", "UntypedStorage"), elements: 8 }),
    /makes a tensor without a dtype$/,
  ],
];

for (const [what, bytes, message] of broken) {
  test(`refused: ${what}`, () => {
    assert.throws(
      () => read(bytes),
      (error) => {
        assert.ok(error instanceof FormatError, String(error));
        assert.equal(error.file, "x.bin");
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

const unsupported: readonly (readonly [string, Uint8Array<ArrayBuffer>, RegExp])[] = [
  ["a function of the system", pickle(PROTO_2, imported("os", "system"), "."), /imports "os\.system"/],
  [
    "a function by STACK_GLOBAL",
    pickle(PROTO_2, text("builtins"), text("eval"), 0x93, "."),
    /imports "builtins\.eval"/,
  ],
  [
    "a name of Object's prototype",
    pickle(PROTO_2, imported("torch", "__proto__"), "."),
    /imports "torch\.__proto__"/,
  ],
  [
    "a module that is split otherwise",
    pickle(PROTO_2, imported("", "os.system"), "."),
    /imports "\.os\.system"/,
  ],
  ["a protocol of the past", pickle(0x80, 1, "}."), /pickle protocols 2 to 5 are supported; this is 1$/],
  ["a protocol of the future", pickle(0x80, 6, "}."), /this is 6$/],
  ["an integer of 9 bytes", pickle(PROTO_2, 0x8a, 9, new Uint8Array(9), "."), /an integer of 9 bytes$/],
  ["an integer of 2^32 bytes", pickle(PROTO_2, 0x8b, 255, 255, 255, 255), /an integer of 4294967295 bytes$/],
  [
    "an opcode of older protocols",
    pickle(PROTO_2, "I1\n."),
    /byte 2 of the pickle is INT; a checkpoint of plain tensors/,
  ],
  ["an opcode that makes objects", pickle(PROTO_2, "N)", 0x81, "."), /is NEWOBJ/],
  [
    "a tensor that repeats its elements",
    f32({ size: tuple(integer(2 ** 50)), stride: tuple(integer(0)) }),
    /of shape \[1125899906842624\] is expanded from 2 elements/,
  ],
  [
    "a tensor with metadata",
    f32({ more: [concat([utf8("}"), text("neg"), Uint8Array.of(0x88), utf8("s")])] }),
    /a tensor has the metadata a dict of 1$/,
  ],
];

for (const [what, bytes, message] of unsupported) {
  test(`refused by name: ${what}`, () => {
    assert.throws(
      () => read(bytes),
      (error) => {
        assert.ok(error instanceof UnsupportedError, String(error));
        assert.match(error.message, /^x\.bin: /);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}
