import assert from "node:assert/strict";
import { test } from "node:test";
import { ArgumentError, FileError } from "../../src/errors.ts";
import type { FileSource } from "../../src/files/file-source.ts";
import { relativePathProblem } from "../../src/files/relative-path.ts";
import { BlobSource } from "../../src/sources/blob-source.ts";
import { prefixed } from "../../src/sources/prefixed-source.ts";
import { memory } from "./support.ts";

const unsafePaths = [
  "",
  "..",
  "../a",
  "a/../b",
  "a/..",
  "/a",
  "a//b",
  "./a",
  "a/",
  "a\\b",
  "a\0b",
  "C:/a",
  "c:a",
];

test("paths that could leave a folder are told from those that cannot", () => {
  for (const path of unsafePaths) assert.notEqual(relativePathProblem(path), undefined, path);
  for (const path of ["a", "a/b.json", "..a", "a..", "a/...", "1_Pooling/config.json", "é"]) {
    assert.equal(relativePathProblem(path), undefined, path);
  }
});

const kinds: readonly (readonly [string, FileSource])[] = [
  ["memory", memory({ "config.json": "abc", "1_Pooling/config.json": "defgh" })],
  [
    "Blobs",
    new BlobSource(
      new Map([
        ["config.json", new Blob(["abc"])],
        ["1_Pooling/config.json", new Blob(["defgh"])],
      ]),
      "memory",
    ),
  ],
];

for (const [kind, source] of kinds) {
  test(`${kind}: files are found, read whole and by ranges`, async () => {
    assert.equal(await source.exists("config.json"), true);
    assert.equal(await source.exists("other.json"), false);
    assert.equal(new TextDecoder().decode(await source.read("1_Pooling/config.json")), "defgh");
    const reader = await source.open("1_Pooling/config.json");
    assert.equal(reader.name, "memory/1_Pooling/config.json");
    assert.equal(reader.size, 5);
    const target = new Uint8Array(new SharedArrayBuffer(4), 1, 2);
    await reader.readInto(target, 2);
    assert.equal(String.fromCharCode(...target), "fg");
    await reader.readInto(new Uint8Array(0), 5);
    await assert.rejects(
      reader.readInto(new Uint8Array(3), 3),
      /^FileError: memory.*ends at byte 5; bytes 3 to 6/,
    );
    await assert.rejects(reader.readInto(new Uint8Array(1), -1), ArgumentError);
    await assert.rejects(reader.readInto(new Uint8Array(1), 0.5), ArgumentError);
    await reader.close();
  });

  test(`${kind}: a missing file is a FileError with its name`, async () => {
    await assert.rejects(source.open("other"), /^FileError: memory\/other: there is no such file$/);
    await assert.rejects(source.read("other"), FileError);
  });

  test(`${kind}: no path leaves the source`, async () => {
    for (const path of unsafePaths) {
      await assert.rejects(source.exists(path), ArgumentError);
      await assert.rejects(source.open(path), ArgumentError);
      await assert.rejects(source.read(path), ArgumentError);
    }
  });
}

test("what memory gives away is a copy", async () => {
  const bytes = Uint8Array.of(1, 2);
  const source = memory({ a: bytes });
  (await source.read("a"))[0] = 9;
  assert.equal(bytes[0], 1);
});

test("a subfolder is a source of its own", async () => {
  const source = memory({ "1_Pooling/config.json": "inner", "config.json": "outer" });
  const folder = prefixed(source, "1_Pooling");
  assert.equal(folder.name, "memory/1_Pooling");
  assert.equal(await folder.exists("config.json"), true);
  assert.equal(await folder.exists("other.json"), false);
  assert.equal(new TextDecoder().decode(await folder.read("config.json")), "inner");
  assert.equal((await folder.open("config.json")).name, "memory/1_Pooling/config.json");
  assert.equal(prefixed(source, "1_Pooling/").name, "memory/1_Pooling");
});

test("the empty subfolder is the source itself", () => {
  const source = memory({});
  assert.equal(prefixed(source, ""), source);
});

test("no path leaves a subfolder, and no subfolder the source", async () => {
  const folder = prefixed(memory({ a: "outer", "inner/a": "inner" }), "inner");
  for (const path of unsafePaths) await assert.rejects(folder.read(path), ArgumentError, path);
  for (const path of ["..", "/", "//", "a/../..", "/a", "a\\b"]) {
    assert.throws(() => prefixed(memory({}), path), ArgumentError, path);
  }
});

function picked(path: string, content: string): File {
  const file = new File([content], path.slice(path.lastIndexOf("/") + 1));
  if (path.includes("/")) Object.defineProperty(file, "webkitRelativePath", { value: path });
  return file;
}

test("a folder that was picked in a browser goes by its paths without its own name", async () => {
  const source = new BlobSource([
    picked("model/config.json", "a"),
    picked("model/1_Pooling/config.json", "b"),
  ]);
  assert.equal(new TextDecoder().decode(await source.read("config.json")), "a");
  assert.equal(new TextDecoder().decode(await source.read("1_Pooling/config.json")), "b");
});

test("files that were dropped go by their names", async () => {
  const source = new BlobSource([picked("config.json", "a")]);
  assert.equal(await source.exists("config.json"), true);
});

test("two files of the same path are refused", () => {
  assert.throws(
    () => new BlobSource([picked("a", ""), picked("a", "")]),
    /^ArgumentError: files: two files .*"a"$/,
  );
});

test("a range of a Blob that is larger than one piece arrives whole", async () => {
  const bytes = new Uint8Array(2 ** 24 + 5).fill(7);
  bytes[2 ** 24 + 3] = 9;
  const reader = await new BlobSource(new Map([["a", new Blob([bytes])]])).open("a");
  const target = new Uint8Array(2 ** 24 + 3);
  await reader.readInto(target, 2);
  assert.equal(target[2 ** 24 + 1], 9);
  assert.equal(target.indexOf(0), -1);
});
