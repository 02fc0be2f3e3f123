import assert from "node:assert/strict";
import { mkdir, open, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { ArgumentError, FileError } from "../../src/errors.ts";
import { openFolder } from "../../src/sources/folder-source-node.ts";
import { makeTemporaryFolder, removeFolder, temporaryFolder } from "../helpers/temporary-folder.ts";

let folder = "";

before(async () => {
  folder = await makeTemporaryFolder();
  await mkdir(join(folder, "1_Pooling"));
  await writeFile(join(folder, "1_Pooling", "config.json"), "defgh");
});

after(async () => {
  await removeFolder(folder);
});

test("files of a folder are found, read whole and by ranges", async () => {
  const source = await openFolder(folder);
  assert.equal(await source.exists("1_Pooling/config.json"), true);
  assert.equal(await source.exists("1_Pooling/other.json"), false);
  assert.equal(await source.exists("1_Pooling"), false, "a folder is not a file");
  assert.equal(await source.exists("1_Pooling/config.json/x"), false);
  assert.equal(new TextDecoder().decode(await source.read("1_Pooling/config.json")), "defgh");
  const reader = await source.open("1_Pooling/config.json");
  assert.equal(reader.name, `${folder}/1_Pooling/config.json`);
  assert.equal(reader.size, 5);
  const target = new Uint8Array(3);
  await reader.readInto(target, 1);
  assert.equal(String.fromCharCode(...target), "efg");
  await assert.rejects(reader.readInto(new Uint8Array(3), 3), /^FileError: .*ends at byte 5; bytes 3 to 6/);
  await reader.close();
});

test("a range arrives in shared memory", async () => {
  const reader = await (await openFolder(folder)).open("1_Pooling/config.json");
  const target = new Uint8Array(new SharedArrayBuffer(8), 3, 5);
  await reader.readInto(target, 0);
  assert.equal(String.fromCharCode(...target), "defgh");
  await reader.close();
});

test("a folder can be given by a file: address", async () => {
  const source = await openFolder(pathToFileURL(folder));
  assert.equal(await source.exists("1_Pooling/config.json"), true);
  await assert.rejects(openFolder(new URL("https://example.org/")), ArgumentError);
});

test("a missing folder, a file in its place and a NUL in its name are FileErrors", async () => {
  await assert.rejects(openFolder(join(folder, "none")), (error) => {
    assert.ok(error instanceof FileError);
    assert.equal(error.file, join(folder, "none"));
    assert.match(error.message, /there is no such file or folder$/);
    return true;
  });
  await assert.rejects(openFolder(join(folder, "1_Pooling/config.json")), {
    name: "FileError",
    code: "not-a-folder",
  });
  await assert.rejects(openFolder("a\0b"), FileError);
});

test("a missing file and a folder in its place are FileErrors", async () => {
  const source = await openFolder(folder);
  await assert.rejects(source.open("none"), /^FileError: .*\/none: there is no such file or folder$/);
  await assert.rejects(source.read("none"), FileError);
  await assert.rejects(source.open("1_Pooling"), {
    name: "FileError",
    code: "not-a-file",
    file: join(folder, "1_Pooling"),
  });
  await assert.rejects(source.read("1_Pooling"), FileError);
});

test("no path leaves the folder", async () => {
  const source = await openFolder(join(folder, "1_Pooling"));
  for (const path of [
    "../1_Pooling/config.json",
    "/etc/hosts",
    "config.json\0",
    "..\\x",
    "",
    "./config.json",
  ]) {
    await assert.rejects(source.exists(path), ArgumentError, path);
    await assert.rejects(source.open(path), ArgumentError, path);
    await assert.rejects(source.read(path), ArgumentError, path);
  }
});

test("symbolic links are followed, as the hub's cache needs it", async (t) => {
  const cache = await temporaryFolder(t);
  try {
    await symlink(join(folder, "1_Pooling", "config.json"), join(cache, "config.json"));
  } catch {
    t.skip("no symbolic links here");
    return;
  }
  const source = await openFolder(cache);
  assert.equal(await source.exists("config.json"), true);
  assert.equal(new TextDecoder().decode(await source.read("config.json")), "defgh");
});

test("a file that shrinks after it was opened is a FileError, not a hang", async () => {
  const path = join(folder, "shrinking");
  await writeFile(path, new Uint8Array(100));
  const reader = await (await openFolder(folder)).open("shrinking");
  await truncate(path, 10);
  await assert.rejects(reader.readInto(new Uint8Array(50), 0), {
    name: "FileError",
    code: "file-changed",
    file: path,
  });
  await reader.close();
});

test("bytes beyond 2^31 and 2^32 are read", async () => {
  const path = join(folder, "large");
  const handle = await open(path, "w");
  await handle.truncate(2 ** 32 + 100); // sparse: it takes no room
  await handle.write(Uint8Array.of(1, 2, 3), 0, 3, 2 ** 31 + 1);
  await handle.write(Uint8Array.of(4, 5, 6), 0, 3, 2 ** 32 + 1);
  await handle.close();
  const reader = await (await openFolder(folder)).open("large");
  assert.equal(reader.size, 2 ** 32 + 100);
  const target = new Uint8Array(4);
  await reader.readInto(target, 2 ** 31);
  assert.deepEqual([...target], [0, 1, 2, 3]);
  await reader.readInto(target, 2 ** 32);
  assert.deepEqual([...target], [0, 4, 5, 6]);
  await reader.close();
  await rm(path);
});
