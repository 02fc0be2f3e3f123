/**
 * docs/python-to-typescript.md: no parameter of the Python library's page is missing. That its expressions are true is
 * tested with the installed package: see documentation.test.ts.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { readParameterTable } from "./helpers/parameter-table.ts";

const rows = readParameterTable();

test("the table is there, and each row has a proof, or says why there is no counterpart", () => {
  assert.ok(rows.length > 70);
  for (const { line, typescript, proof, code } of rows) {
    if (proof === "") assert.match(typescript, /^— /, `line ${line}`);
    else assert.ok(code !== undefined, `line ${line}: the proof is one piece of code`);
  }
});

const page = new URL("../../shared/spec/computing-sentence-embeddings.txt", import.meta.url);
const skip = !existsSync(page) && "the documentation page is absent";

test("every parameter and method of the documentation page is in the table", { skip }, () => {
  const spec = readFileSync(page, "utf8");
  const parameters = [...spec.matchAll(/^ {2}• (\w+) –/gm)].map((match) => match[1]!);
  const methods = [...spec.matchAll(/(\w+)\(\)?/g)]
    .map((match) => match[1]!)
    .filter((name) => /^(?:start|stop|encode)_multi_process|^encode$/.test(name));
  const names = new Set([
    ...parameters,
    ...methods,
    "max_seq_length",
    "pickle.dump",
    "pickle.load",
    "from_pretrained",
  ]);
  assert.ok(names.size > 20);
  const column = rows.map(({ python }) => python).join("\n");
  const renamed: Readonly<Record<string, string>> = { target_devices: "start_multi_process_pool" };
  for (const name of names) assert.ok(column.includes(renamed[name] ?? name), name);
});
