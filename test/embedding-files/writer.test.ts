import assert from "node:assert/strict";
import { cpSync, readdirSync } from "node:fs";
import {
  appendFile,
  copyFile,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { EmbeddingsToSave } from "../../src/embedding-files/content.ts";
import {
  appendEmbeddings,
  loadEmbeddings,
  openEmbeddingWriter,
  saveEmbeddings,
} from "../../src/embedding-files/save.ts";
import { FormatError } from "../../src/errors.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { expected, fixturePath, someEmbeddings } from "./support.ts";

const formats = ["safetensors", "npy", "jsonl"] as const;

/** The first `count` of them, from `start` on. */
function part(
  { embeddings, sentences }: ReturnType<typeof someEmbeddings>,
  start: number,
  end: number,
  withSentences = true,
) {
  return withSentences
    ? { embeddings: embeddings.slice(start, end), sentences: sentences.slice(start, end) }
    : { embeddings: embeddings.slice(start, end) };
}

for (const format of formats) {
  for (const withSentences of [true, false]) {
    test(`.${format}${withSentences ? " with sentences" : ""}: appending bit by bit gives the same as saving at once`, async (t) => {
      const folder = await temporaryFolder(t);
      const all = someEmbeddings(2, 30, 6);
      const about = format === "npy" ? {} : { model: "a/b", prompt: "p: ", metadata: { key: "value" } };
      const grown = join(folder, `grown.${format}`);
      const writer = await openEmbeddingWriter(grown, about);
      assert.equal(writer.count, 0);
      await writer.append({ embeddings: [] });
      // Not awaited one by one: they are written in the order of the calls.
      const appends = [part(all, 0, 1, withSentences), part(all, 1, 12, withSentences)].map((p) =>
        writer.append(p),
      );
      await Promise.all(appends);
      assert.equal(writer.count, 12);
      await writer.flush();
      await writer.close();
      await writer.close();

      const again = await openEmbeddingWriter(grown, about);
      assert.equal(again.count, 12);
      await again.append(part(all, 12, 29, withSentences));
      await again.close();
      await appendEmbeddings(grown, { ...part(all, 29, 30, withSentences), ...about });

      const atOnce = join(folder, `once.${format}`);
      await saveEmbeddings(atOnce, { ...part(all, 0, 30, withSentences), ...about });
      assert.deepEqual(await readFile(grown), await readFile(atOnce));
      assert.deepEqual(await loadEmbeddings(grown), await loadEmbeddings(atOnce));
      const beside = withSentences && format === "npy" ? 4 : 2;
      assert.equal((await readdir(folder)).length, beside);
    });
  }

  test(`.${format}: quantized vectors stay quantized`, async (t) => {
    const path = join(await temporaryFolder(t), `x.${format}`);
    await appendEmbeddings(path, { embeddings: [Int8Array.of(-128, 1)] });
    await appendEmbeddings(path, { embeddings: [Int8Array.of(127, 0)] });
    assert.deepEqual((await loadEmbeddings(path)).embeddings, [Int8Array.of(-128, 1), Int8Array.of(127, 0)]);
    await assert.rejects(appendEmbeddings(path, { embeddings: [Uint8Array.of(1, 2)] }), {
      name: "ArgumentError",
      code: "append-mismatch",
      message: /expected int8, .* got uint8$/,
    });
  });

  test(`.${format}: a writer that gets nothing leaves a file without vectors, which can be continued`, async (t) => {
    const path = join(await temporaryFolder(t), `x.${format}`);
    await (await openEmbeddingWriter(path)).close();
    assert.deepEqual((await loadEmbeddings(path)).embeddings, []);
    await appendEmbeddings(path, { embeddings: [[1, 2]], sentences: ["a"] });
    const { embeddings, sentences } = await loadEmbeddings(path);
    assert.deepEqual([embeddings, sentences], [[Float32Array.of(1, 2)], ["a"]]);
  });

  test(`.${format}: what does not fit the file is refused, and the file stays as it is`, async (t) => {
    const path = join(await temporaryFolder(t), `x.${format}`);
    await saveEmbeddings(path, { embeddings: [[1, 2]], sentences: ["a"] });
    const before = await readFile(path);
    for (const [content, code] of [
      [{ embeddings: [[1]], sentences: ["b"] }, "append-mismatch"],
      [{ embeddings: [[1, 2]] }, "append-mismatch"],
      [{ embeddings: [[1, 2]], sentences: [] }, "sentence-count"],
    ] as const) {
      await assert.rejects(appendEmbeddings(path, content), { code });
      assert.deepEqual(await readFile(path), before);
    }
    if (format !== "npy") {
      await assert.rejects(openEmbeddingWriter(path, { model: "m" }), {
        name: "ArgumentError",
        code: "append-mismatch",
        message: /no model, got "m"$/,
      });
    }
    const writer = await openEmbeddingWriter(path);
    await writer.close();
    assert.deepEqual(await readFile(path), before);
    await assert.rejects(writer.append({ embeddings: [[1, 2]] }), {
      name: "ArgumentError",
      code: "disposed",
      subject: path,
    });
  });

  test(`.${format}: what was appended before the end is there, what comes after is an error`, async (t) => {
    const path = join(await temporaryFolder(t), `a.${format}`);
    const writer = await openEmbeddingWriter(path);
    const before = [writer.append({ embeddings: [[1, 2]] }), writer.append({ embeddings: [[3, 4]] })];
    const ends = [writer.close(), writer.close(), writer[Symbol.asyncDispose]()];
    const closed = { name: "ArgumentError", code: "disposed", subject: path };
    const late = [
      assert.rejects(writer.append({ embeddings: [[5, 6]] }), closed),
      assert.rejects(writer.flush(), closed),
    ];
    await Promise.all([...before, ...ends, ...late]);
    const { embeddings } = await loadEmbeddings(path);
    assert.deepEqual(
      embeddings.map((embedding) => [...embedding]),
      [
        [1, 2],
        [3, 4],
      ],
    );
  });

  test(`.${format}: wherever the process is killed, what had been appended is there and can be continued`, async (t) => {
    const folder = await temporaryFolder(t);
    const work = join(folder, "work");
    await mkdir(work);
    const name = `x.${format}`;
    const all = someEmbeddings(3, 40, 5);
    let resolved = 0;
    const kills = await recordKills(
      t,
      folder,
      work,
      async () => {
        const append = async (count: number) => {
          const writer = await openEmbeddingWriter(join(work, name));
          for (let i = 0; i < count; i++) {
            await writer.append(part(all, resolved, resolved + 3));
            resolved += 3;
          }
          await writer.close();
        };
        await append(2);
        await append(2);
      },
      () => resolved,
    );
    assert.ok(kills.length >= (format === "jsonl" ? 10 : 20), `${kills.length} places`);

    let open = 0;
    for (const { copy, atLeast } of kills) {
      const path = join(copy, name);
      const loaded = await loadEmbeddings(path).catch((error: unknown) => error);
      if (loaded instanceof Error) open++;
      else {
        const { embeddings, sentences } = loaded as Awaited<ReturnType<typeof loadEmbeddings>>;
        const count = embeddings.length;
        assert.ok(count >= atLeast);
        assert.deepEqual(
          { embeddings, sentences: count === 0 ? all.sentences.slice(0, 0) : sentences },
          part(all, 0, count),
        );
      }

      await (await openEmbeddingWriter(path)).close();
      const repaired = await loadEmbeddings(path);
      const count = repaired.embeddings.length;
      assert.deepEqual(repaired.embeddings, all.embeddings.slice(0, count));
      assert.deepEqual(repaired.sentences ?? [], all.sentences.slice(0, count));

      const writer = await openEmbeddingWriter(path);
      assert.equal(writer.count, count);
      assert.ok(writer.count >= atLeast && writer.count <= atLeast + 3, `${writer.count} of ${atLeast}`);
      await writer.append(part(all, writer.count, 20));
      await writer.close();
      const { embeddings, sentences } = await loadEmbeddings(path);
      assert.deepEqual({ embeddings, sentences }, part(all, 0, 20), copy);
      const files = readdirSync(copy).filter((each) => !each.endsWith(".tmp"));
      assert.equal(files.length, format === "npy" ? 2 : 1);
    }
    assert.ok(open > 0, "the premise needs files that are not complete");
  });
}

interface Kill {
  /** What the process left. */
  readonly copy: string;
  /** How many vectors had been appended when it was killed. */
  readonly atLeast: number;
}

/**
 * Runs `body` and copies the folder before each change of an open file, and in the middle of each write: what a
 * process would leave that is killed there.
 */
async function recordKills(
  t: TestContext,
  folder: string,
  work: string,
  body: () => Promise<void>,
  resolved: () => number,
): Promise<Kill[]> {
  const kills: Kill[] = [];
  const record = () => {
    const copy = join(folder, `kill-${kills.length}`);
    cpSync(work, copy, { recursive: true });
    kills.push({ copy, atLeast: resolved() });
  };
  const handle = await open(join(folder, "any"), "w");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const { truncate: cut, datasync, sync } = prototype;
  const write = prototype.write as (
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number | undefined,
  ) => Promise<{ bytesWritten: number; buffer: Uint8Array }>;
  const patched = {
    async write(this: FileHandle, bytes: Uint8Array, offset: number, length: number, position?: number) {
      record();
      // A header lies within one page of memory, which a kill does not tear apart.
      const first = position === 0 ? length : length >> 1;
      await write.call(this, bytes, offset, first, position);
      if (first === length) return { bytesWritten: length, buffer: bytes };
      record();
      const rest = position === undefined ? undefined : position + first; // without one, it goes on where it was
      await write.call(this, bytes, offset + first, length - first, rest);
      return { bytesWritten: length, buffer: bytes };
    },
    async truncate(this: FileHandle, length: number) {
      record();
      await cut.call(this, length);
    },
    async datasync(this: FileHandle) {
      record();
      await datasync.call(this);
    },
    async sync(this: FileHandle) {
      record();
      await sync.call(this);
    },
  };
  Object.assign(prototype, patched);
  t.after(() => Object.assign(prototype, { write, truncate: cut, datasync, sync }));
  await body();
  Object.assign(prototype, { write, truncate: cut, datasync, sync });
  return kills;
}

test("an open .safetensors file says so, and is complete once it has been opened and closed", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "x.safetensors");
  const writer = await openEmbeddingWriter(path);
  await writer.append({ embeddings: [[1], [2]], sentences: ["a", "b"] });
  await assert.rejects(loadEmbeddings(path), {
    name: "FormatError",
    message: `${path}: the file is still being written, or its writer ended without closing it; 2 vectors are complete. Open and close it with openEmbeddingWriter`,
  });
  const left = join(folder, "left.safetensors");
  await copyFile(path, left);
  await copyFile(`${path}.sentences.jsonl`, `${left}.sentences.jsonl`);
  await writer.close();
  await (await openEmbeddingWriter(left)).close();
  assert.deepEqual(await readFile(left), await readFile(path));
});

test("an open .safetensors file without its sentences is refused", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "x.safetensors");
  const writer = await openEmbeddingWriter(path);
  await writer.append({ embeddings: [[1], [2]], sentences: ["a", "b"] });
  const left = join(folder, "left.safetensors");
  await copyFile(path, left);
  await writer.close();
  const continued = await openEmbeddingWriter(left);
  await assert.rejects(continued.append({ embeddings: [[3]], sentences: ["c"] }), { name: "FileError" });
  await writeFile(`${left}.sentences.jsonl`, '"a"\n"b');
  await assert.rejects(continued.append({ embeddings: [[3]], sentences: ["c"] }), {
    name: "FormatError",
    message: `${left}.sentences.jsonl: expected 2 sentences, one for each vector, found 1`,
  });
});

test("files that numpy wrote grow in place", async (t) => {
  const path = join(await temporaryFolder(t), "x.npy");
  for (const [name, embeddings] of [
    ["f4.npy", expected.floats.map((row) => Float32Array.from(row))],
    ["i1.npy", expected.int8.map((row) => Int8Array.from(row))],
    ["u1.npy", expected.uint8.map((row) => Uint8Array.from(row))],
  ] as const) {
    await copyFile(fixturePath(name), path);
    await appendEmbeddings(path, { embeddings: embeddings.slice(0, 2) } as EmbeddingsToSave);
    assert.deepEqual((await loadEmbeddings(path)).embeddings, [...embeddings, ...embeddings.slice(0, 2)]);
  }
});

test("files that cannot grow in place are refused", async (t) => {
  const path = join(await temporaryFolder(t), "x.npy");
  for (const [name, message] of [
    [
      "f8.npy",
      /matrix of <f4, \|i1 or \|u1 in C order to append to, found the shape \[6, 5\] of "<f8" in C order$/,
    ],
    ["f4-fortran.npy", /found the shape \[6, 5\] of "<f4" in Fortran order$/],
    ["one-vector.npy", /found the shape \[5\] of "<f4" in C order$/],
    ["refused-two-arrays.npy", /a second array follows the first$/],
  ] as const) {
    await copyFile(fixturePath(name), path);
    await assert.rejects(openEmbeddingWriter(path), {
      name: "UnsupportedError",
      code: "cannot-append",
      message,
    });
    assert.deepEqual(await readFile(path), await readFile(fixturePath(name)));
  }
  const tight = Buffer.from(
    "\x93NUMPY\x01\x00\x00\x00{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1), }\n\x07",
    "latin1",
  );
  tight[8] = tight.length - 11;
  await writeFile(path, tight);
  assert.deepEqual((await loadEmbeddings(path)).embeddings, [Uint8Array.of(7)]);
  await assert.rejects(openEmbeddingWriter(path), {
    name: "UnsupportedError",
    message: /no room for more rows/,
  });

  const other = path.replace("npy", "safetensors");
  for (const [name, message] of [
    ["f4", /the header has no room for more rows/],
    ["f2", /F32, I8 or U8 to append to, found F16$/],
  ] as const) {
    await copyFile(fixturePath(`${name}.safetensors`), other);
    await assert.rejects(openEmbeddingWriter(other), { name: "UnsupportedError", message });
  }
});

test("a file that is shorter than its header says is not continued", async (t) => {
  const folder = await temporaryFolder(t);
  for (const format of ["npy", "safetensors"] as const) {
    const path = join(folder, `x.${format}`);
    await saveEmbeddings(path, {
      embeddings: [
        [1, 2],
        [3, 4],
      ],
    });
    const { length } = await readFile(path);
    await truncate(path, length - 1);
    await assert.rejects(openEmbeddingWriter(path), FormatError);
    await assert.rejects(loadEmbeddings(path), FormatError);
  }
});

test("what follows a closed .safetensors file is not cut off", async (t) => {
  const path = join(await temporaryFolder(t), "x.safetensors");
  await saveEmbeddings(path, { embeddings: [[1, 2]] });
  await appendFile(path, "precious");
  await assert.rejects(openEmbeddingWriter(path), FormatError);
  assert.equal((await readFile(path)).subarray(-8).toString(), "precious");
});

test("a text file that is something else is not cut off", async (t) => {
  const path = join(await temporaryFolder(t), "x.jsonl");
  for (const text of ["a diary", "line one\nline two\n", '{"embedding":[1]}\nnotes']) {
    await writeFile(path, text);
    await assert.rejects(openEmbeddingWriter(path), FormatError);
    assert.equal(await readFile(path, "utf8"), text);
  }
});

test(".jsonl from elsewhere is continued after its last line, with or without a line end", async (t) => {
  const path = join(await temporaryFolder(t), "x.jsonl");
  for (const text of [
    '{"embedding":[1]}\n{"embedding":[2]}',
    '{"embedding":[1]}\n{"embedding":[2]}\n{"embedding":[3',
  ]) {
    await writeFile(path, text);
    await appendEmbeddings(path, { embeddings: [[5]] });
    assert.equal(await readFile(path, "utf8"), '{"embedding":[1]}\n{"embedding":[2]}\n{"embedding":[5]}\n');
  }
});

test("an append that fails halfway leaves nothing behind", async (t) => {
  const path = join(await temporaryFolder(t), "x.jsonl");
  const { embeddings } = someEmbeddings(1, 1200, 100);
  await appendEmbeddings(path, { embeddings: embeddings.slice(0, 1) });
  const before = await readFile(path);
  embeddings.at(-1)![0] = Number.NaN;
  await assert.rejects(appendEmbeddings(path, { embeddings }), {
    code: "not-finite",
    message: /^vector 1199: /,
  });
  assert.deepEqual(await readFile(path), before);
});
