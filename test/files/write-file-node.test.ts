import assert from "node:assert/strict";
import { link, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { commitAll, stageFile } from "../../src/files/write-file-node.ts";
import { folderContents, temporaryFolder } from "../helpers/temporary-folder.ts";

const noLinks = async () => {
  throw Object.assign(new Error("not supported"), { code: "EPERM" });
};

for (const [place, makeLink] of [
  ["", link],
  [" on a file system without links", noLinks],
] as const) {
  test(`several files are replaced and made, and nothing else is left${place}`, async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, "a"), "old");
    await writeFile(join(folder, "target"), "other");
    await symlink("target", join(folder, "b"));
    const staged = [];
    for (const name of ["a", "b", "c"])
      staged.push(await stageFile(join(folder, name), [Buffer.from("new")]));
    await commitAll(staged, makeLink);
    assert.deepEqual(await folderContents(folder), { a: "new", b: "new", c: "new", target: "other" });
  });

  test(`where one file cannot be replaced, all are as they were${place}`, async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, "a"), "old");
    await writeFile(join(folder, "target"), "other");
    await symlink("target", join(folder, "b"));
    await mkdir(join(folder, "d"));
    await writeFile(join(folder, "d", "kept"), "old");
    await writeFile(join(folder, "e"), "old");
    const before = await folderContents(folder);
    const staged = [];
    for (const name of ["a", "b", "c", "d", "e"])
      staged.push(await stageFile(join(folder, name), [Buffer.from("new")]));
    await assert.rejects(commitAll(staged, makeLink), {
      name: "FileError",
      code: "file-not-writable",
      file: join(folder, "d"),
    });
    for (const file of staged) await file.discard();
    assert.deepEqual(await folderContents(folder), before);
  });
}
