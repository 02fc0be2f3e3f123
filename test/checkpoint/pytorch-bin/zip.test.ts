import assert from "node:assert/strict";
import { test } from "node:test";
import { findEntryData, readEntry, readZipDirectory } from "../../../src/checkpoint/pytorch-bin/zip.ts";
import { FormatError, UnsupportedError } from "../../../src/errors.ts";
import { concat, memory, utf8 } from "../support.ts";
import { type ZipPart, zipFile } from "./build.ts";

function open(file: Uint8Array) {
  return memory({ "x.zip": file }).open("x.zip");
}

const parts: readonly ZipPart[] = [
  { name: "a/data.pkl", bytes: utf8("hello") },
  { name: "a/data/0", bytes: new Uint8Array(100).fill(7) },
  { name: "a/é", bytes: new Uint8Array(0) },
];

for (const zip64 of [false, true]) {
  test(`entries are listed and read ${zip64 ? "with" : "without"} zip64 fields`, async () => {
    const reader = await open(zipFile(parts, { zip64 }));
    const entries = await readZipDirectory(reader);
    assert.deepEqual(
      [...entries.keys()],
      parts.map(({ name }) => name),
    );
    for (const { name, bytes } of parts) {
      const entry = entries.get(name)!;
      assert.equal(entry.size, bytes.length);
      assert.deepEqual(await readEntry(reader, entry), bytes);
    }
  });
}

test("an archive without entries is an archive", async () => {
  assert.equal((await readZipDirectory(await open(zipFile([])))).size, 0);
});

test("a comment may contain what begins an end record", async () => {
  const reader = await open(
    zipFile(parts, { comment: "PK\u0005\u0006 but not really an end record at all" }),
  );
  assert.equal((await readZipDirectory(reader)).size, 3);
});

const good = zipFile(parts);
const wide = zipFile(parts, { zip64: true });

/** The file with bytes overwritten, counted from its end where `at` is negative. */
function overwritten(file: Uint8Array, at: number, ...bytes: readonly number[]): Uint8Array {
  const changed = file.slice();
  changed.set(bytes, at < 0 ? changed.length + at : at);
  return changed;
}

const full = [255, 255, 255, 255, 255, 255, 255, 255];

const broken: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["a file without an end record", good.subarray(0, -1), /no directory at its end; it may be cut off$/],
  ["a file that is too short for one", utf8("PK"), /no directory at its end/],
  ["a part of a split archive", zipFile(parts, { end: { disk: 1 } }), /is one part of several$/],
  [
    "a directory behind its end record",
    zipFile(parts, { end: { offset: 5000 } }),
    /reaches beyond its end record$/,
  ],
  [
    "a directory that begins too early",
    zipFile(parts, { end: { offset: 0 } }),
    /number 0 of them is not one$/,
  ],
  [
    "more entries than the directory has room for",
    zipFile(parts, { end: { count: 60_000 } }),
    /too few for 60000 entries$/,
  ],
  [
    "one entry more than there are",
    zipFile([{ name: "x".repeat(60), bytes: new Uint8Array(0) }], { end: { count: 2 } }),
    /lists 2 entries; number 1 of them is not one$/,
  ],
  [
    "one entry less than there are",
    zipFile(parts, { end: { count: 2 } }),
    /bytes long; its entries take \d+$/,
  ],
  [
    "a directory cut within an entry",
    zipFile(parts, { end: { size: 158 } }),
    /entry 2 of the zip directory reaches beyond it$/,
  ],
  [
    "a name that is not UTF-8",
    overwritten(good, good.length - 22 - 3, 0xff),
    /a name in the zip directory is not UTF-8$/,
  ],
  [
    "a stored entry of two sizes",
    zipFile([{ ...parts[0]!, listed: { compressedSize: 4 } }]),
    /"a\/data\.pkl" is stored, yet has the sizes 5 and 4$/,
  ],
  [
    "two entries of one name",
    zipFile([parts[0]!, parts[0]!]),
    /two entries of the zip file are called "a\/data\.pkl"$/,
  ],
  [
    "entries that overlap",
    zipFile([parts[0]!, { ...parts[1]!, listed: { offset: 0 } }]),
    /reaches into what follows it$/,
  ],
  [
    "an entry that reaches into the directory",
    zipFile([{ ...parts[1]!, listed: { size: 200 } }]),
    /"a\/data\/0" reaches into what follows it$/,
  ],
  [
    "an entry far behind the file",
    zipFile([{ ...parts[1]!, listed: { offset: 2 ** 31 } }]),
    /reaches into what follows it$/,
  ],
  ["a missing zip64 locator", overwritten(wide, -42, 0), /the zip64 locator is missing$/],
  [
    "a zip64 locator that points nowhere",
    overwritten(wide, -34, ...full),
    /a zip64 field says 18446744073709552000; the file has \d+ bytes$/,
  ],
  [
    "a zip64 locator that points behind its record",
    overwritten(wide, -34, (wide.length - 60) & 255, (wide.length - 60) >> 8),
    /the zip64 end record is not before its locator$/,
  ],
  [
    "a zip64 locator that points before its record",
    overwritten(wide, -34, 0, 0),
    /the zip64 end record is missing$/,
  ],
  ["a zip64 record with an endless directory", overwritten(wide, -42 - 16, ...full), /a zip64 field says/],
  [
    "no room for a zip64 locator",
    concat([zipFile([], { zip64: true }).subarray(-22)]),
    /the zip64 locator is missing$/,
  ],
  [
    "an entry without its zip64 field",
    overwritten(wide, wide.length - 22 - 20 - 56 - 28, 2),
    /an entry of the zip directory lacks its zip64 sizes$/,
  ],
];

for (const [what, file, message] of broken) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(readZipDirectory(await open(file)), (error) => {
      assert.ok(error instanceof FormatError, String(error));
      assert.equal(error.file, "memory/x.zip");
      assert.match(error.message, message);
      return true;
    });
  });
}

test("compressed and encrypted entries are refused by name", async () => {
  const packed = zipFile([{ ...parts[0]!, method: 8 }]);
  await assert.rejects(readZipDirectory(await open(packed)), (error) => {
    assert.ok(error instanceof UnsupportedError);
    assert.match(
      error.message,
      /^memory\/x\.zip: entry "a\/data\.pkl" of the zip file is compressed \(method 8\)/,
    );
    return true;
  });
  const secret = zipFile([{ ...parts[0]!, flags: 1 }]);
  await assert.rejects(readZipDirectory(await open(secret)), /^UnsupportedError: .*is encrypted$/);
});

test("an entry whose local header does not agree with the directory is refused where it is read", async () => {
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [zipFile([{ ...parts[0]!, listed: { name: "b/data.pkl" } }]), /is not where the zip directory says$/],
    [zipFile([{ ...parts[0]!, listed: { name: "a/data.pk" } }]), /is not where the zip directory says$/],
    [overwritten(good, 0, 0), /is not where the zip directory says$/],
    [overwritten(good, 28, 200), /reaches into what follows it$/],
    [
      zipFile([{ ...parts[0]!, bytes: new Uint8Array(5), listed: { size: 12 } }]),
      /reaches into what follows it$/,
    ],
  ];
  for (const [file, message] of cases) {
    const reader = await open(file);
    const [entry] = (await readZipDirectory(reader)).values();
    await assert.rejects(findEntryData(reader, entry!), (error) => {
      assert.ok(error instanceof FormatError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});
