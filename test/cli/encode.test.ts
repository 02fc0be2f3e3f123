/** sentensor encode: what it reads and writes, where it stops, and where it goes on. */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { encode } from "../../src/cli/commands/encode.ts";
import { Interrupted } from "../../src/cli/interrupted.ts";
import { UsageError } from "../../src/cli/usage-error.ts";
import { ArgumentError, FileError, SentenceTransformer, util } from "../../src/index.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { type RunOptions, runCommand } from "./support.ts";

const MODEL = modelFolder("bert-mean");
/** Enough to be interrupted twice. */
const many = Array.from({ length: 900 }, (_, i) => `text ${i} ${"word ".repeat((i * 7) % 5)}`.trim());

const texts = many.slice(0, 30);

const model = await SentenceTransformer.load(MODEL, { threads: 1 });
const expectedOfMany = await model.encode(many);
const expected = expectedOfMany.slice(0, texts.length);

const run = (argv: readonly string[], options?: RunOptions) =>
  runCommand(encode, [MODEL, "--threads", "1", ...argv], options);

async function corpus(folder: string, list: readonly string[] = texts): Promise<string> {
  const file = join(folder, "corpus.txt");
  await writeFile(file, list.map((text) => `${text}\n`).join(""));
  return file;
}

/** What Ctrl-C does, as soon as the file has grown. The embeddings are appended 256 at a time. */
function interruptWhenGrown(file: string) {
  const controller = new AbortController();
  const size = () => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const before = size();
  const timer = setInterval(() => {
    if (size() > before) controller.abort(new Interrupted("SIGINT"));
  }, 1);
  return { argv: ["--batch-size", "2"], signal: controller.signal, end: () => clearInterval(timer) };
}

test("texts of the command line come out as lines of JSON, as a .jsonl file has them", async () => {
  const { stdout, stderr } = await run([texts[0]!, texts[1]!, "--normalize"]);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { sentence: string; embedding: number[] });
  const normalized = await model.encode(texts.slice(0, 2), { normalizeEmbeddings: true });
  assert.deepEqual(
    lines.map(({ sentence }) => sentence),
    texts.slice(0, 2),
  );
  assert.deepEqual(
    lines.map(({ embedding }) => Float32Array.from(embedding)),
    normalized,
  );
  assert.equal(stderr, "");
});

test("standard input is read with -, in any format", async () => {
  const plain = await run(["-"], { stdin: `${texts[0]}\n${texts[1]}\n` });
  assert.equal(plain.stdout, (await run([texts[0]!, texts[1]!])).stdout);
  const csv = await run(["-", "--input-format", "csv", "--column", "b"], {
    stdin: `a,b\n1,"${texts[0]}"\n2,${texts[1]}\n`,
  });
  assert.equal(csv.stdout, plain.stdout);
  const json = await run(["-i", "-", "--input-format", "jsonl", "--field", "t", "--no-texts"], {
    stdin: `${JSON.stringify({ t: texts[0] })}\n`,
  });
  assert.equal(json.stdout.includes("sentence"), false);
});

for (const extension of ["npy", "safetensors", "jsonl"]) {
  test(`a file of texts becomes a .${extension} file with the numbers of encode`, async (t) => {
    const folder = await temporaryFolder(t);
    const output = join(folder, `out.${extension}`);
    const { stdout } = await run(["-i", await corpus(folder), "-o", output]);
    assert.equal(stdout, "");
    const { embeddings, sentences, metadata, model: name } = await util.loadEmbeddings(output);
    assert.deepEqual(embeddings, expected);
    assert.deepEqual(sentences, extension === "npy" ? undefined : texts);
    if (extension !== "npy") {
      assert.equal(name, MODEL);
      assert.equal(metadata.precision, "float32");
    }
    assert.deepEqual((await readdir(folder)).sort(), ["corpus.txt", `out.${extension}`]);
  });
}

test("--texts writes them beside .npy, --no-texts leaves them out of .safetensors", async (t) => {
  const folder = await temporaryFolder(t);
  const file = await corpus(folder, texts.slice(0, 3));
  await run(["-i", file, "-o", join(folder, "a.npy"), "--texts"]);
  assert.deepEqual((await util.loadEmbeddings(join(folder, "a.npy"))).sentences, texts.slice(0, 3));
  await run(["-i", file, "-o", join(folder, "b.safetensors"), "--no-texts"]);
  assert.equal((await util.loadEmbeddings(join(folder, "b.safetensors"))).sentences, undefined);
});

test("the settings of encode are there", async () => {
  const one = texts[5]!;
  const embed = async (...argv: string[]) => {
    const { stdout } = await run([one, ...argv]);
    return (JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as { embedding: number[] }).embedding;
  };
  const rounded = async (options: Parameters<typeof model.encode>[1]) =>
    [...((await model.encode(one, options)) as Float32Array)].map((value) => Number(value.toPrecision(9)));
  assert.deepEqual(await embed("--prompt", "q "), await rounded({ prompt: "q " }));
  assert.deepEqual(
    await embed("--truncate-dim", "5", "--normalize"),
    await rounded({ truncateDim: 5, normalizeEmbeddings: true }),
  );
  assert.deepEqual(await embed("--batch-size", "1"), await rounded({}));
  assert.deepEqual(await embed("--precision", "binary"), [
    ...(await model.encode(one, { precision: "binary" })),
  ]);
  const own = await SentenceTransformer.load(MODEL, { maxSeqLength: 4, threads: 1 });
  assert.deepEqual(
    await embed("--max-seq-length", "4"),
    [...(await own.encode(one))].map((v) => Number(v.toPrecision(9))),
  );
  await own.dispose();
});

test("the model's own prompts are there by their names", async () => {
  const folder = modelFolder("bert-prompts-included");
  const own = await SentenceTransformer.load(folder, { threads: 1 });
  const promptName = Object.keys(own.prompts).find((name) => own.prompts[name] !== "")!;
  const { stdout } = await runCommand(encode, [folder, "--threads", "1", "--prompt-name", promptName, "a"]);
  const { embedding } = JSON.parse(stdout) as { embedding: number[] };
  assert.deepEqual(Float32Array.from(embedding), await own.encode("a", { promptName }));
  await own.dispose();
});

test("texts that were cut are counted at the end", async () => {
  const { stderr } = await run(["--max-seq-length", "6", "a", "word ".repeat(20), "word ".repeat(30)]);
  assert.equal(stderr, "2 of 3 texts had their ends cut off: they are longer than 6 tokens\n");
});

test("a terminal sees progress, and keeps nothing of it", async (t) => {
  const folder = await temporaryFolder(t);
  const { stderr } = await run(["-i", await corpus(folder), "-o", join(folder, "o.npy")], {
    isTerminal: true,
  });
  // Before the first row nobody can tell how long it will take; test/runtime/progress-display.test.ts has the rest.
  assert.match(stderr, /\rencode: [\d,]+ texts, [\d.]+\/s, \d+ %, (?:\d+:\d\d|\?) left\u001b\[K/);
  assert.ok(stderr.endsWith("\r\u001b[K"));
});

for (const extension of ["npy", "safetensors", "jsonl"]) {
  test(`an interrupted run leaves a whole .${extension} file, and --resume completes it, byte for byte`, async (t) => {
    const folder = await temporaryFolder(t);
    const file = await corpus(folder, many);
    const whole = join(folder, `whole.${extension}`);
    await run(["-i", file, "-o", whole]);
    const output = join(folder, `out.${extension}`);
    for (let interruptions = 0; interruptions < 2; interruptions++) {
      const { argv, signal, end } = interruptWhenGrown(output);
      await assert.rejects(run(["-i", file, "-o", output, "--resume", ...argv], { signal }), Interrupted);
      end();
      const { embeddings } = await util.loadEmbeddings(output);
      assert.ok(embeddings.length >= 256 * (interruptions + 1) && embeddings.length < many.length);
      assert.deepEqual(embeddings, expectedOfMany.slice(0, embeddings.length), "what is there is whole");
    }
    await run(["-i", file, "-o", output, "--resume"]);
    assert.deepEqual(await readFile(output), await readFile(whole));
    await run(["-i", file, "-o", output, "--resume"]);
    assert.deepEqual(await readFile(output), await readFile(whole), "a complete file stays as it is");
  });
}

test("a corpus that has grown is continued", async (t) => {
  const folder = await temporaryFolder(t);
  const output = join(folder, "out.safetensors");
  await run(["-i", await corpus(folder, texts.slice(0, 9)), "-o", output]);
  await run(["-i", await corpus(folder, texts.slice(0, 14)), "-o", output, "--resume"]);
  const { embeddings, sentences } = await util.loadEmbeddings(output);
  assert.deepEqual(embeddings, expected.slice(0, 14));
  assert.deepEqual(sentences, texts.slice(0, 14));
});

test("a file is not continued with other settings, nor replaced unasked", async (t) => {
  const folder = await temporaryFolder(t);
  const file = await corpus(folder, texts.slice(0, 5));
  const output = join(folder, "out.jsonl");
  await run(["-i", file, "-o", output, "--normalize"]);
  await assert.rejects(run(["-i", file, "-o", output]), (error: Error) => {
    assert.ok(error instanceof FileError);
    assert.match(error.message, /out.jsonl: exists already: --resume continues it, --overwrite replaces it/);
    return true;
  });
  for (const other of [
    [],
    ["--normalize", "--prompt", "q "],
    ["--normalize", "--shard", "1/2"],
    ["--normalize", "--truncate-dim", "4"],
  ]) {
    await assert.rejects(run(["-i", file, "-o", output, "--resume", ...other]), ArgumentError);
  }
  await run(["-i", file, "-o", output, "--overwrite"]);
  assert.deepEqual((await util.loadEmbeddings(output)).embeddings, expected.slice(0, 5));
});

test("the shards of a corpus, one after the other, are the whole", async (t) => {
  const folder = await temporaryFolder(t);
  const file = await corpus(folder, texts.slice(0, 50));
  const together: Float32Array[] = [];
  const all: string[] = [];
  for (const shard of ["1/3", "2/3", "3/3"]) {
    const output = join(folder, `${shard[0]}.safetensors`);
    await run(["-i", file, "-o", output, "--shard", shard]);
    const { embeddings, sentences } = await util.loadEmbeddings(output);
    together.push(...(embeddings as Float32Array[]));
    all.push(...sentences!);
  }
  assert.deepEqual(together, expected.slice(0, 50));
  assert.deepEqual(all, texts.slice(0, 50));
  await assert.rejects(run(["-", "--shard", "1/2"]), UsageError);
});

for (const precision of ["int8", "uint8"] as const) {
  test(`${precision}: the ranges are those of all embeddings, as in encode`, async (t) => {
    const folder = await temporaryFolder(t);
    const file = await corpus(folder);
    const output = join(folder, "out.safetensors");
    await run(["-i", file, "-o", output, "--precision", precision]);
    const quantized = util.quantizeEmbeddings(expected, precision);
    const stored = await util.loadEmbeddings(output);
    assert.deepEqual(stored.embeddings, quantized);
    assert.deepEqual(stored.sentences, texts);
    assert.equal(stored.metadata.precision, precision);
    assert.deepEqual(
      (await readdir(folder)).sort(),
      ["corpus.txt", "out.safetensors"],
      "nothing stays beside it",
    );

    await run(["-i", file, "-o", output, "--precision", precision, "--resume"]);
    await writeFile(file, "one more\n", { flag: "a" });
    await assert.rejects(
      run(["-i", file, "-o", output, "--precision", precision, "--resume"]),
      /the input has 31 texts now/,
    );
  });
}

test("int8 goes on after an interruption", async (t) => {
  const folder = await temporaryFolder(t);
  const file = await corpus(folder, many);
  const output = join(folder, "out.npy");
  const argv = ["-i", file, "-o", output, "--precision", "int8", "--resume"];
  const interruption = interruptWhenGrown(`${output}.float32.safetensors`);
  const { signal } = interruption;
  await assert.rejects(run([...argv, ...interruption.argv], { signal }), Interrupted);
  interruption.end();
  assert.deepEqual((await readdir(folder)).sort(), ["corpus.txt", "out.npy.float32.safetensors"]);
  await run(argv);
  assert.deepEqual(
    (await util.loadEmbeddings(output)).embeddings,
    util.quantizeEmbeddings(expectedOfMany, "int8"),
  );
});

test("int8 goes on after the end of a run that was quantizing already", async (t) => {
  const folder = await temporaryFolder(t);
  const file = await corpus(folder);
  const output = join(folder, "out.npy");
  await run(["-i", file, "-o", `${output}.float32.safetensors`, "--no-texts"]);
  const quantized = util.quantizeEmbeddings(expected, "int8");
  await util.saveEmbeddings(output, { embeddings: quantized.slice(0, 10) });
  await run(["-i", file, "-o", output, "--precision", "int8", "--resume"]);
  assert.deepEqual((await util.loadEmbeddings(output)).embeddings, quantized);
});

test("with --ranges, int8 needs no second pass: shards and streams have it, too", async (t) => {
  const folder = await temporaryFolder(t);
  const dimension = model.getEmbeddingDimension();
  const ranges = [new Float32Array(dimension).fill(-2), new Float32Array(dimension).fill(2)];
  const file = join(folder, "ranges.npy");
  await util.saveEmbeddings(file, { embeddings: ranges });
  const { stdout } = await run(["-", "--precision", "int8", "--ranges", file], { stdin: texts[0]! });
  const [header, row] = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { dtype?: string; embedding?: number[] });
  assert.equal(header!.dtype, "int8");
  assert.deepEqual(row!.embedding, [...util.quantizeEmbeddings(expected[0]!, "int8", { ranges })]);
  await util.saveEmbeddings(file, { embeddings: expected.slice(0, 3) });
  await assert.rejects(
    run(["a", "--precision", "int8", "--ranges", file]),
    /--ranges: expected shape \[2, dimension\]/,
  );
});

test("a broken line of the input is an error with its place; what was before it is kept", async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, "corpus.jsonl");
  const lines = texts.slice(0, 20).map((text) => JSON.stringify({ text }));
  lines[9] = "{";
  await writeFile(file, lines.join("\n"));
  const output = join(folder, "out.npy");
  await assert.rejects(run(["-i", file, "-o", output, "--batch-size", "1"]), /corpus.jsonl: line 10: /);
  assert.equal((await util.loadEmbeddings(output)).embeddings.length, 8, "the windows before it");
  lines[9] = JSON.stringify({ text: texts[9] });
  await writeFile(file, lines.join("\n"));
  await run(["-i", file, "-o", output, "--resume"]);
  assert.deepEqual((await util.loadEmbeddings(output)).embeddings, expected.slice(0, 20));
});

test("what makes no sense is refused before the model is loaded", async () => {
  const nowhere = "/no/such/model";
  for (const argv of [
    [],
    [nowhere],
    [nowhere, "a", "-i", "file"],
    [nowhere, "a", "--resume"],
    [nowhere, "a", "--overwrite"],
    [nowhere, "a", "-o", "x.npy", "--resume", "--overwrite"],
    [nowhere, "a", "--texts", "--no-texts"],
    [nowhere, "a", "-o", "x.txt"],
    [nowhere, "a", "--precision", "int4"],
    [nowhere, "a", "--precision", "int8"],
    [nowhere, "-", "-o", "x.npy", "--precision", "int8"],
    [nowhere, "a", "-o", "x.npy", "--precision", "int8", "--shard", "1/2"],
    [nowhere, "a", "--shard", "3/2"],
    [nowhere, "a", "--batch-size", "0"],
    [nowhere, "a", "--batch-size", "1e3"],
    [nowhere, "a", "--backend", "cuda"],
    [nowhere, "a", "--input-format", "xml"],
    [nowhere, "-", "--field", "a", "--column", "b"],
  ]) {
    await assert.rejects(runCommand(encode, argv), UsageError, argv.join(" "));
  }
  await assert.rejects(runCommand(encode, [nowhere, "a", "--no-such-option"]), {
    code: "ERR_PARSE_ARGS_UNKNOWN_OPTION",
  });
  await assert.rejects(
    runCommand(encode, [nowhere, "-i", "/no/such/file"]),
    /\/no\/such\/file: there is no such file/,
  );
});
