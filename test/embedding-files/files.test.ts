import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { checkContent } from "../../src/embedding-files/content.ts";
import { saveFile } from "../../src/embedding-files/files-node.ts";
import {
  appendEmbeddings,
  loadEmbeddings,
  openEmbeddingWriter,
  saveEmbeddings,
} from "../../src/embedding-files/save.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { fixturePath, someEmbeddings } from "./support.ts";

for (const name of ["x.safetensors", "x.npy", "x.jsonl", "X.NPY"]) {
  test(`${name}: what was saved is loaded, by path and by address`, async (t) => {
    const folder = await temporaryFolder(t);
    const saved = someEmbeddings(1, 20, 7);
    const path = join(folder, name);
    await saveEmbeddings(path, saved);
    const { embeddings, sentences } = await loadEmbeddings(pathToFileURL(path));
    assert.deepEqual({ embeddings, sentences }, saved);
    assert.equal(new Set((embeddings as Float32Array[]).map(({ buffer }) => buffer)).size, 20);

    const other = pathToFileURL(join(folder, `other-${name}`));
    await saveEmbeddings(other, saved);
    const tensor = await loadEmbeddings(other, { convertToTensor: true });
    assert.deepEqual(tensor.embeddings.shape, [20, 7]);
    assert.deepEqual(tensor.sentences, saved.sentences);
  });
}

test(".npy: the sentences lie beside it, and never outlive the matrix that they belong to", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "x.npy");
  await saveEmbeddings(path, { embeddings: [[1], [2]], sentences: ["a", "b\n"] });
  assert.deepEqual((await readdir(folder)).sort(), ["x.npy", "x.npy.sentences.jsonl"]);
  assert.equal(await readFile(join(folder, "x.npy.sentences.jsonl"), "utf8"), '"a"\n"b\\n"\n');
  await saveEmbeddings(path, { embeddings: [[3], [4]] });
  assert.deepEqual(await readdir(folder), ["x.npy"]);
  assert.equal((await loadEmbeddings(path)).sentences, undefined);
});

test(".npy: sentences that are not as many as the vectors are refused", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "x.npy");
  await copyFile(fixturePath("f4.npy"), path);
  await writeFile(`${path}.sentences.jsonl`, '"a"\n');
  await assert.rejects(loadEmbeddings(path), {
    name: "FormatError",
    message: `${path}.sentences.jsonl: expected 6 sentences, one for each vector, found 1`,
  });
});

test("a failed save leaves the old file and nothing else", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "x.jsonl");
  await saveEmbeddings(path, { embeddings: [[1]] });
  await assert.rejects(saveEmbeddings(path, { embeddings: [[2], [Number.NaN]] }), { name: "ArgumentError" });
  assert.deepEqual((await loadEmbeddings(path)).embeddings, [Float32Array.of(1)]);
  assert.deepEqual(await readdir(folder), ["x.jsonl"]);
});

test("missing files, folders and unknown names are refused by name", async (t) => {
  const folder = await temporaryFolder(t);
  const missing = join(folder, "missing.npy");
  await assert.rejects(loadEmbeddings(missing), {
    name: "FileError",
    message: `${missing}: there is no such file or folder`,
  });
  await mkdir(join(folder, "folder.jsonl"));
  await assert.rejects(loadEmbeddings(join(folder, "folder.jsonl")), { name: "FileError" });
  await assert.rejects(saveEmbeddings(join(folder, "no", "x.npy"), { embeddings: [[1]] }), {
    name: "FileError",
  });
  for (const name of ["x.csv", "safetensors", "x.npy.gz"]) {
    await assert.rejects(loadEmbeddings(name), {
      name: "ArgumentError",
      message: `loadEmbeddings: expected a file name that ends with .safetensors, .npy or .jsonl, got "${name}"`,
    });
  }
  await assert.rejects(loadEmbeddings(new URL("https://example.com/x.npy")), {
    name: "ArgumentError",
    message: "embeddings: expected a path or a file: address, got https:",
  });
});

test("what is no file and no content is told by name", async () => {
  const embeddings = [new Float32Array(2)];
  const wrong = { name: "ArgumentError", message: /expected (the path of a file|an object), got / };
  await assert.rejects(saveEmbeddings(null as never, { embeddings }), wrong);
  await assert.rejects(saveEmbeddings("x.npy", undefined as never), wrong);
  await assert.rejects(loadEmbeddings(3 as never), wrong);
});

test(".npy: a save that fails leaves the old matrix with its sentences", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "x.npy");
  const saved = someEmbeddings(3, 5, 4);
  await saveEmbeddings(path, saved);
  const names = await readdir(folder);
  const before = await readFile(path);
  // Half of the new file has been written when the next row cannot be read.
  const embeddings = saved.embeddings.map((vector) => vector.slice());
  const content = checkContent({ embeddings, sentences: saved.sentences }, "saveEmbeddings");
  let reads = 0;
  const rows = Object.assign(Object.create(content.rows), {
    count: content.rows.count,
    dimension: content.rows.dimension,
    load: (index: number, target: Float32Array, start: number) => {
      if (++reads > 3) throw new Error("cannot be read");
      content.rows.load(index, target, start);
    },
  });
  await assert.rejects(saveFile(path, "npy", { ...content, rows }), { message: "cannot be read" });
  assert.ok(reads > 3, "the premise: it had begun");
  assert.deepEqual(await readdir(folder), names);
  assert.deepEqual(await readFile(path), before);
  const { embeddings: loaded, sentences } = await loadEmbeddings(path);
  assert.deepEqual({ embeddings: loaded, sentences }, saved);
});

for (const format of ["safetensors", "npy", "jsonl"] as const) {
  test(`.${format}: what cannot be appended makes no file`, async (t) => {
    const folder = await temporaryFolder(t);
    const path = join(folder, `x.${format}`);
    await assert.rejects(appendEmbeddings(path, { embeddings: [[1, 2], [3]] }), { name: "ShapeError" });
    await assert.rejects(appendEmbeddings(path, { embeddings: [[1, 2]], sentences: [] }), {
      name: "ShapeError",
    });
    if (format === "jsonl") {
      await assert.rejects(appendEmbeddings(path, { embeddings: [[Number.NaN]] }), { name: "ArgumentError" });
    }
    const writer = await openEmbeddingWriter(path);
    await writer.abandon();
    assert.deepEqual(await readdir(folder), []);
    await saveEmbeddings(path, { embeddings: [[1, 2]] });
    const before = await readFile(path);
    const other = await openEmbeddingWriter(path);
    await assert.rejects(other.append({ embeddings: [[1]] }), { name: "ShapeError" });
    await other.abandon();
    assert.deepEqual(await readFile(path), before);
  });
}
