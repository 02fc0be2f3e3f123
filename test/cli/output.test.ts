/** sentensor encode: no run costs a file that is there before a new one is whole, and none continues what is not its own. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, statSync } from "node:fs";
import { cp, link, mkdir, open, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { encode } from "../../src/cli/commands/encode.ts";
import { Interrupted } from "../../src/cli/interrupted.ts";
import { SentenceTransformer, util } from "../../src/index.ts";
import { builtCommandLine } from "../helpers/built.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { folderContents, temporaryFolder } from "../helpers/temporary-folder.ts";
import { ended, type RunOptions, runCommand, spawnCommandLine } from "./support.ts";

const MODEL = modelFolder("bert-mean");
const EXTENSIONS = ["npy", "safetensors", "jsonl"] as const;
const many = Array.from({ length: 900 }, (_, i) => `text ${i} ${"word ".repeat((i * 7) % 5)}`.trim());
const texts = many.slice(0, 20);

const model = await SentenceTransformer.load(MODEL, { threads: 1 });
const expected = await model.encode(many);

const run = (argv: readonly string[], options?: RunOptions) =>
  runCommand(encode, [MODEL, "--threads", "1", ...argv], options);

async function write(folder: string, name: string, lines: readonly string[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, lines.map((line) => `${line}\n`).join(""));
  return file;
}

/** Watches every millisecond, until the test has ended. */
function every(t: TestContext, look: () => void): NodeJS.Timeout {
  const timer = setInterval(look, 1);
  t.after(() => clearInterval(timer));
  return timer;
}

/** Rejects with the code, and leaves the folder as it is. */
async function assertRejected(
  folder: string,
  argv: readonly string[],
  expectedError: Readonly<Record<string, unknown>>,
  options?: RunOptions,
): Promise<void> {
  const before = await folderContents(folder);
  await assert.rejects(run(argv, options), expectedError);
  assert.deepEqual(await folderContents(folder), before, "nothing has changed");
}

const asObjects = (list: readonly string[]) => list.map((text) => JSON.stringify({ text }));

test("the input is not an output, by its own name, by links, or as any other file that a run writes", async (t) => {
  const folder = await temporaryFolder(t);
  const input = await write(folder, "x.jsonl", asObjects(texts));
  const other = join(folder, "other.jsonl");
  await symlink(input, join(folder, "symbolic.jsonl"));
  await link(input, join(folder, "hard.jsonl"));
  const ranges = join(folder, "ranges.npy");
  const dimension = model.getEmbeddingDimension();
  await util.saveEmbeddings(ranges, {
    embeddings: [new Float32Array(dimension).fill(-2), new Float32Array(dimension).fill(2)],
  });
  const besides = await write(folder, "a.npy.sentences.jsonl", asObjects(texts));
  const floats = join(folder, "b.npy.float32.safetensors");
  await write(folder, "b.npy.float32.safetensors", asObjects(texts));
  const code = "output-is-input";
  const how = { name: "UsageError", code, subject: "--output" };
  for (const existing of [["--overwrite"], ["--resume"], []]) {
    for (const output of [
      input,
      join(folder, "symbolic.jsonl"),
      join(folder, "hard.jsonl"),
      `${folder}/./x.jsonl`,
    ]) {
      await assertRejected(folder, ["-i", input, "-o", output, ...existing], how);
      await assertRejected(folder, ["-i", input, "-o", output, "--shard", "1/2", ...existing], how);
    }
    await assertRejected(folder, ["-i", join(folder, "symbolic.jsonl"), "-o", input, ...existing], how);
    await assertRejected(folder, ["-i", besides, "-o", join(folder, "a.npy"), "--texts", ...existing], how);
    await assertRejected(
      folder,
      [
        "-i",
        floats,
        "--input-format",
        "jsonl",
        "-o",
        join(folder, "b.npy"),
        "--precision",
        "int8",
        ...existing,
      ],
      how,
    );
    await assertRejected(
      folder,
      ["-i", input, "-o", ranges, "--precision", "int8", "--ranges", ranges, ...existing],
      how,
    );
  }
  await run(["-i", input, "-o", other]);
  assert.equal((await util.loadEmbeddings(other)).embeddings.length, texts.length);
});

test("a file of the model is no output, nor is the file that standard input reads", async (t) => {
  const folder = await temporaryFolder(t);
  const copy = join(folder, "model");
  await model.save(copy);
  const before = await folderContents(copy);
  await assert.rejects(
    runCommand(encode, [copy, "a", "-o", join(copy, "model.safetensors"), "--overwrite"]),
    { code: "output-is-input", subject: "--output" },
  );
  assert.deepEqual(await folderContents(copy), before);
  const input = await write(folder, "x.jsonl", asObjects(texts));
  const handle = await open(input, "r");
  const child = spawn(
    process.execPath,
    [builtCommandLine, "encode", MODEL, "-", "--input-format", "jsonl", "-o", input, "--overwrite"],
    { stdio: [handle.fd, "pipe", "pipe"] },
  );
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  assert.equal(await closed, 2);
  await handle.close();
  assert.equal(await readFile(input, "utf8"), `${asObjects(texts).join("\n")}\n`);
});

for (const extension of EXTENSIONS) {
  const argvFor = (input: string, output: string, ...more: string[]) => [
    "-i",
    input,
    "-o",
    output,
    "--texts",
    ...more,
  ];

  test(`.${extension}: --overwrite replaces a file once the new one is whole`, async (t) => {
    const folder = await temporaryFolder(t);
    const input = await write(folder, "in.txt", texts);
    const output = join(folder, `o.${extension}`);
    await run(argvFor(await write(folder, "old.txt", many.slice(100, 107)), output));
    chmodSync(output, 0o640);
    const { ino } = statSync(output);
    let seen = 0;
    const watching = every(t, () => {
      if (statSync(output).ino === ino) seen++;
    });
    await run(argvFor(input, output, "--overwrite", "--batch-size", "1"));
    clearInterval(watching);
    assert.ok(seen > 0, "the premise: the old file was there while the new one was written");
    const { embeddings, sentences } = await util.loadEmbeddings(output);
    assert.deepEqual([embeddings, sentences], [expected.slice(0, texts.length), texts]);
    assert.equal((await stat(output)).mode & 0o777, 0o640);
    const fresh = join(folder, `fresh.${extension}`);
    await run(argvFor(input, fresh));
    assert.deepEqual(await readFile(output), await readFile(fresh));
    const names = (await readdir(folder)).filter((name) => name.startsWith("o."));
    assert.deepEqual(names, extension === "npy" ? ["o.npy", "o.npy.sentences.jsonl"] : [`o.${extension}`]);
    await run(
      argvFor(await write(folder, "in.txt", texts.slice(0, 3)), output, "--overwrite", "--no-texts").filter(
        (arg) => arg !== "--texts",
      ),
    );
    assert.equal((await util.loadEmbeddings(output)).sentences, undefined, "nor do old sentences stay");
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith("o.")),
      [`o.${extension}`],
    );
  });

  test(`.${extension}: --overwrite goes through a symbolic link, which stays one`, async (t) => {
    const folder = await temporaryFolder(t);
    const input = await write(folder, "in.txt", texts.slice(0, 3));
    await mkdir(join(folder, "elsewhere"));
    const target = join(folder, "elsewhere", `t.${extension}`);
    await run(["-i", input, "-o", target]);
    const output = join(folder, `o.${extension}`);
    await symlink(target, output);
    await run(["-i", await write(folder, "in.txt", texts.slice(0, 5)), "-o", output, "--overwrite"]);
    assert.equal((await util.loadEmbeddings(target)).embeddings.length, 5);
    assert.deepEqual(await readdir(join(folder, "elsewhere")), [`t.${extension}`]);
  });

  test(`.${extension}: a run that fails leaves the old file, and nothing beside it`, async (t) => {
    const folder = await temporaryFolder(t);
    const input = await write(folder, "in.jsonl", asObjects(texts));
    const broken = await write(folder, "broken.jsonl", [...asObjects(many.slice(0, 300)), "{"]);
    const output = join(folder, `o.${extension}`);
    await run(argvFor(input, output));
    await assertRejected(folder, argvFor(input, output, "--overwrite", "--prompt-name", "none"), {
      code: "prompt-not-found",
    });
    await assertRejected(folder, argvFor(broken, output, "--overwrite"), { name: "FormatError" });
    const fresh = join(folder, `fresh.${extension}`);
    await assertRejected(folder, argvFor(input, fresh, "--prompt-name", "none"), {
      code: "prompt-not-found",
    });
    for (const precision of ["int8", "binary"]) {
      await assertRejected(
        folder,
        argvFor(input, output, "--overwrite", "--prompt-name", "none", "--precision", precision),
        {
          code: "prompt-not-found",
        },
      );
      await assertRejected(folder, argvFor(broken, output, "--overwrite", "--precision", precision), {
        name: "FormatError",
      });
    }
  });

  test(`.${extension}: --overwrite that is interrupted leaves what it has, for --resume; before its first row, the old file`, async (t) => {
    const folder = await temporaryFolder(t);
    const input = await write(folder, "in.txt", many);
    const output = join(folder, `o.${extension}`);
    await run(argvFor(await write(folder, "old.txt", many.slice(0, 5)), output));
    const controller = new AbortController();
    controller.abort(new Interrupted("SIGINT"));
    await assert.rejects(
      run(argvFor(input, output, "--overwrite"), { signal: controller.signal }),
      Interrupted,
    );
    assert.equal((await util.loadEmbeddings(output)).embeddings.length, 5);

    const later = new AbortController();
    const partial = `${output}.partial`;
    const timer = every(t, () => {
      if ((statSync(partial, { throwIfNoEntry: false })?.size ?? 0) > 0)
        later.abort(new Interrupted("SIGINT"));
    });
    await assert.rejects(
      run(argvFor(input, output, "--overwrite", "--batch-size", "2"), { signal: later.signal }),
      Interrupted,
    );
    clearInterval(timer);
    const { length } = (await util.loadEmbeddings(output)).embeddings;
    assert.ok(length >= 256 && length < many.length, `the premise: it was interrupted, after ${length}`);
    assert.ok((await readdir(folder)).every((name) => !name.includes("partial")));
    await run(argvFor(input, output, "--resume"));
    assert.deepEqual((await util.loadEmbeddings(output)).embeddings, expected);
  });

  test(`.${extension}: --overwrite that is killed leaves the old file; --resume and --overwrite take its place`, async (t) => {
    const folder = await temporaryFolder(t);
    const killed = join(folder, "killed");
    await mkdir(killed);
    const input = await write(killed, "in.txt", many);
    const output = join(killed, `o.${extension}`);
    const partial = `${output}.partial`;
    await run(argvFor(await write(killed, "old.txt", many.slice(0, 5)), output));
    const child = spawnCommandLine(
      "encode",
      MODEL,
      ...argvFor(input, output, "--overwrite", "--batch-size", "1"),
    );
    const end = ended(child);
    const timer = every(t, () => {
      if ((statSync(partial, { throwIfNoEntry: false })?.size ?? 0) > 0) child.kill("SIGKILL");
    });
    await end;
    clearInterval(timer);
    assert.ok((await stat(partial)).size > 0, "the premise: it was killed while it wrote");
    assert.equal((await util.loadEmbeddings(output)).embeddings.length, 5);
    for (const then of ["--resume", "--overwrite"]) {
      const copy = join(folder, then);
      await cp(killed, copy, { recursive: true });
      const place = join(copy, `o.${extension}`);
      await run(argvFor(join(copy, "in.txt"), place, then));
      const { embeddings, sentences } = await util.loadEmbeddings(place);
      assert.deepEqual([embeddings, sentences], [expected, many]);
      assert.ok((await readdir(copy)).every((name) => !name.includes("partial")));
    }
  });

  const mismatch = { code: "embeddings-text-mismatch" };
  test(`.${extension}: --resume rejects other texts and fewer texts, and changes nothing`, async (t) => {
    const folder = await temporaryFolder(t);
    const output = join(folder, `o.${extension}`);
    await run(argvFor(await write(folder, "in.txt", texts), output));
    const other = await write(folder, "other.txt", texts.with(7, "another text"));
    await assertRejected(folder, argvFor(other, output, "--resume"), mismatch);
    const longer = await write(folder, "longer.txt", ["first", ...texts, "last"]);
    await assertRejected(folder, argvFor(longer, output, "--resume"), mismatch);
    await assertRejected(folder, ["-", "-o", output, "--texts", "--resume"], mismatch, {
      stdin: "first\nsecond\n",
    });
    const fewer = await write(folder, "fewer.txt", texts.slice(0, 12));
    await assertRejected(folder, argvFor(fewer, output, "--resume"), { code: "embeddings-count-mismatch" });
    await run(["-", "-o", output, "--texts", "--resume"], { stdin: `${many.slice(0, 25).join("\n")}\n` });
    assert.deepEqual((await util.loadEmbeddings(output)).embeddings, expected.slice(0, 25));
  });

  test(`.${extension}: without sentences, --resume rejects fewer texts, and other dimensions and types`, async (t) => {
    const folder = await temporaryFolder(t);
    const output = join(folder, `o.${extension}`);
    const input = await write(folder, "in.txt", texts);
    const argv = ["-i", input, "-o", output, "--no-texts"];
    await run(argv);
    const fewer = await write(folder, "fewer.txt", texts.slice(0, 12));
    await assertRejected(folder, ["-i", fewer, "-o", output, "--no-texts", "--resume"], {
      code: "embeddings-count-mismatch",
    });
    for (const more of [
      ["--truncate-dim", "4"],
      ["--precision", "binary"],
      ["--precision", "ubinary"],
    ]) {
      await assertRejected(folder, [...argv, "--resume", ...more], { code: "append-mismatch" });
    }
    await assertRejected(folder, ["-i", input, "-o", output, "--texts", "--resume"], {
      code: "append-mismatch",
      subject: "sentences",
    });
    await run([...argv, "--resume"]);
  });

  test(`.${extension}: --resume of a part rejects texts of another part`, async (t) => {
    const folder = await temporaryFolder(t);
    const output = join(folder, `o.${extension}`);
    await run(argvFor(await write(folder, "in.txt", texts), output, "--shard", "2/4"));
    assert.deepEqual((await util.loadEmbeddings(output)).embeddings, expected.slice(5, 10));
    const grown = await write(folder, "grown.txt", many.slice(0, 40));
    await assertRejected(folder, argvFor(grown, output, "--shard", "2/4", "--resume"), {
      code: extension === "npy" ? "embeddings-text-mismatch" : "append-mismatch",
    });
    await run(argvFor(join(folder, "in.txt"), output, "--shard", "2/4", "--resume"));
  });

  test(`.${extension}: int8 embeddings of other texts are not taken for those of the input`, async (t) => {
    const folder = await temporaryFolder(t);
    const output = join(folder, `o.${extension}`);
    const argv = (input: string, ...more: string[]) => argvFor(input, output, "--precision", "int8", ...more);
    await run(argv(await write(folder, "in.txt", texts)));
    const other = await write(folder, "other.txt", texts.with(7, "another text"));
    await assertRejected(folder, argv(other, "--resume"), mismatch);
    const more = await write(folder, "more.txt", many.slice(0, 25));
    await assertRejected(folder, argv(more, "--resume"), { code: "embeddings-count-mismatch" });
    await run(argv(other, "--overwrite"));
    assert.deepEqual((await util.loadEmbeddings(output)).sentences, texts.with(7, "another text"));
    assert.ok((await readdir(folder)).every((name) => !/partial|float32/.test(name)));

    // A run that was interrupted between its two passes.
    const floats = join(folder, `p.${extension}`);
    await run(["-i", join(folder, "in.txt"), "-o", `${floats}.float32.safetensors`]);
    await assertRejected(
      folder,
      ["-i", other, "-o", floats, "--texts", "--precision", "int8", "--resume"],
      mismatch,
    );
  });
}

test("a foreign line in a .jsonl file is no row: --resume and writers reject it, and change nothing", async (t) => {
  const folder = await temporaryFolder(t);
  const input = await write(folder, "in.txt", texts);
  const output = join(folder, "o.jsonl");
  const rows = async (count: number) => {
    await run(["-i", await write(folder, "in.txt", texts.slice(0, count)), "-o", output, "--overwrite"]);
    await write(folder, "in.txt", texts);
    return await readFile(output, "utf8");
  };
  const whole = await rows(5);
  const lines = whole.split("\n");
  const foreign = [
    '{"id":1,"text":"a foreign line"}',
    "not JSON",
    "",
    '{"sentence":"text","embedding":[1,2]}',
    '{"embedding":[1,2]}',
    "[1]",
  ];
  for (const line of foreign) {
    for (const place of [3, lines.length - 1]) {
      await writeFile(output, lines.toSpliced(place, 0, line).join("\n"));
      const error = { name: "FormatError", file: output };
      await assertRejected(folder, ["-i", input, "-o", output, "--resume"], error);
      await assert.rejects(util.openEmbeddingWriter(output), error);
      await assert.rejects(util.loadEmbeddings(output), error);
    }
  }
  await writeFile(output, `${whole}{"id":1`);
  await assertRejected(folder, ["-i", input, "-o", output, "--resume"], {
    name: "FormatError",
    file: output,
  });
  for (const cut of ["{", '{"sentence":"te', lines.at(-2)!.slice(0, -5), lines.at(-2)!]) {
    // The last row is written again, or continued after, whether or not its line end is there.
    const kept = lines.slice(0, -2).join("\n");
    await writeFile(output, `${kept}\n${cut}`);
    await run(["-i", input, "-o", output, "--resume"]);
    const { embeddings, sentences } = await util.loadEmbeddings(output);
    assert.deepEqual([embeddings, sentences], [expected.slice(0, texts.length), texts]);
  }
});

test("a run that has nothing to write makes no file", async (t) => {
  const folder = await temporaryFolder(t);
  const controller = new AbortController();
  controller.abort(new Interrupted("SIGINT"));
  for (const extension of EXTENSIONS) {
    const output = join(folder, `o.${extension}`);
    await assert.rejects(run(["a", "-o", output], { signal: controller.signal }), Interrupted);
    assert.deepEqual(await readdir(folder), []);
  }
});
