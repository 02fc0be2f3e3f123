import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { type InputFormat, inputFormatOf, textsOf } from "../../src/cli/input/formats.ts";
import { readLines } from "../../src/cli/input/lines.ts";
import { countTexts, fileInput, sliceTexts } from "../../src/cli/input/text-input.ts";
import { FileError, FormatError } from "../../src/errors.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { piecesOf } from "./support.ts";

async function read(
  format: InputFormat,
  content: string | Uint8Array,
  { field = "text", size = 7 } = {},
): Promise<string[]> {
  const lines = readLines(piecesOf(content, size), `corpus.${format}`);
  const texts: string[] = [];
  for await (const text of textsOf(lines, { format, field }, `corpus.${format}`)) texts.push(text);
  return texts;
}

async function refuses(format: InputFormat, content: string | Uint8Array, message: RegExp): Promise<void> {
  await assert.rejects(read(format, content), (error: Error) => {
    assert.ok(error instanceof FormatError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

test("a text file has a text a line, empty ones too; the last line need not end", async () => {
  assert.deepEqual(await read("txt", "one\n\ntwo two\n"), ["one", "", "two two"]);
  assert.deepEqual(await read("txt", "one\r\ntwo"), ["one", "two"]);
  assert.deepEqual(await read("txt", "\n"), [""]);
  assert.deepEqual(await read("txt", ""), []);
  assert.deepEqual(await read("txt", "\uFEFFone\n\uFEFFtwo"), ["one", "\uFEFFtwo"]);
});

test("texts are what they were, however the bytes arrive", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\r\n\uFEFF]/g, "")),
        { minLength: 1 },
      ),
      fc.integer({ min: 1, max: 20 }),
      async (texts, size) => {
        const wellFormed = texts.map((text) => text.replaceAll(/\p{Surrogate}/gu, ""));
        assert.deepEqual(await read("txt", `${wellFormed.join("\n")}\n`, { size }), wellFormed);
        const objects = texts.map((text) => `${JSON.stringify({ id: 3, text })}\n`).join("");
        assert.deepEqual(await read("jsonl", objects, { size }), texts);
      },
    ),
    { numRuns: 60 },
  );
});

test("what is not UTF-8 is refused with its line", async () => {
  const bytes = new TextEncoder().encode("one\ntwo\nthree\nfour\n");
  bytes[9] = 0xff;
  await refuses("txt", bytes, /^corpus.txt: line 3 is not UTF-8$/);
  await refuses("txt", Uint8Array.of(0x61, 0x0a, 0xe2, 0x82), /^corpus.txt: line 2 is not UTF-8$/);
});

test("lines of JSON have their text in a field, or are texts", async () => {
  assert.deepEqual(await read("jsonl", '{"text":"a\\nb","n":1}\n"just a text"\n'), ["a\nb", "just a text"]);
  assert.deepEqual(await read("jsonl", '{"title":"a"}', { field: "title" }), ["a"]);
});

test("a broken line of JSON is refused with file and line", async () => {
  await refuses("jsonl", '{"text":"a"}\n{"text":', /^corpus.jsonl: line 2: .*JSON/);
  await refuses(
    "jsonl",
    '{"text":"a"}\n\n{"text":"b"}\n',
    /^corpus.jsonl: line 2: expected JSON, found nothing/,
  );
  await refuses(
    "jsonl",
    '{"text":5}',
    /^corpus.jsonl: line 1: expected a string in the field "text", found 5$/,
  );
  await refuses("jsonl", '{"other":"a"}', /line 1: expected a string in the field "text", found none$/);
  await refuses("jsonl", "[1]", /line 1: expected a string in the field "text", found \[1\]$/);
  await refuses("jsonl", "{}", /found none$/);
});

test("CSV: quotes, delimiters and line ends inside quotes, doubled quotes, CR LF, empty lines", async () => {
  const csv = 'id,text,note\r\n1,"a, ""b""\r\nc",x\r\n\r\n2,plain "q" text,\r\n3,"",y\r\n"4",last,z';
  assert.deepEqual(await read("csv", csv), ['a, "b"\r\nc', 'plain "q" text', "", "last"]);
  assert.deepEqual(await read("csv", csv, { field: "note" }), ["x", "", "y", "z"]);
  assert.deepEqual(await read("tsv", "text\tn\na,b\t1\n"), ["a,b"]);
  assert.deepEqual(await read("csv", "text\na\n\nb\n"), ["a", "b"]);
});

test("CSV: any texts written as RFC 4180 says are read back", async () => {
  const text = fc
    .string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r\n", " ", "é", "\t", ";") })
    .filter((value) => !value.endsWith("\r"));
  await fc.assert(
    fc.asyncProperty(fc.array(text), fc.array(text), fc.integer({ min: 1, max: 9 }), async (a, b, size) => {
      const rows = a.map((value, i) => [value, b[i] ?? ""] as const);
      const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
      const csv = `text,other\n${rows.map((row) => `${row.map(quoted).join(",")}\n`).join("")}`;
      assert.deepEqual(
        await read("csv", csv, { size }),
        rows.map(([value]) => value),
      );
    }),
    { numRuns: 100 },
  );
});

test("a broken line of CSV is refused with file and line", async () => {
  await refuses(
    "csv",
    "text,n\na,1\nb\n",
    /^corpus.csv: line 3: expected 2 fields, as in the first line, found 1$/,
  );
  await refuses(
    "csv",
    'text\n"a\nb"\n"c"d\n',
    /^corpus.csv: line 4: expected "," or the end of the line after a closing quote, found "d"$/,
  );
  await refuses("csv", 'text\na\n"b\nc\n', /^corpus.csv: line 3: expected the end of the quoted field/);
  await refuses("csv", "a,b\n1,2\n", /^corpus.csv: line 1: no column "text"; available: "a", "b"$/);
  await refuses("csv", "", /^corpus.csv: expected a line with the names of the columns, found none$/);
  await refuses("tsv", 'text\n"a" b\n', /expected a tab or the end of the line/);
});

test("the name of a file says what is in it", () => {
  const names = ["a.txt", "a", "a.JSONL", "a.ndjson", "a.csv", "a.tsv", "a.md", "a.csv.old"];
  assert.deepEqual(names.map(inputFormatOf), ["txt", "txt", "jsonl", "jsonl", "csv", "tsv", "txt", "txt"]);
});

test("a file can be read again and again, counted, and in parts", async (t) => {
  const file = join(await temporaryFolder(t), "corpus.txt");
  const lines = Array.from({ length: 3000 }, (_, i) => `line ${i}`);
  await writeFile(file, lines.join("\n"));
  const input = await fileInput(file, { format: "txt", field: "text" });
  assert.equal(await countTexts(input.texts(), new AbortController().signal), 3000);
  assert.equal(input.fractionRead(), 1);
  const part: string[] = [];
  for await (const text of sliceTexts(input.texts(), 1000, 1003)) part.push(text);
  assert.deepEqual(part, lines.slice(1000, 1003));
  for await (const _ of sliceTexts(input.texts(), 2, 2)) assert.fail("nothing lies between 2 and 2");
  await assert.rejects(countTexts(input.texts(), AbortSignal.abort(new Error("enough"))), /enough/);
  await assert.rejects(fileInput(join(file, "..", "none"), { format: "txt", field: "text" }), (error) => {
    assert.ok(error instanceof FileError);
    assert.equal(error.code, "file-not-found");
    return true;
  });
  await assert.rejects(fileInput(join(file, ".."), { format: "txt", field: "text" }), { code: "not-a-file" });
});
