/** docs/python-to-typescript.md: every row that can be run is run, and no parameter of the page is missing. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as sentensor from "../src/index.ts";
import { HubServer } from "./helpers/hub-server.ts";
import { filesOfFixture } from "./helpers/model-files.ts";

interface Row {
  readonly line: number;
  readonly python: string;
  readonly typescript: string;
  readonly proof: string;
}

const text = readFileSync(new URL("../docs/python-to-typescript.md", import.meta.url), "utf8");
const rows: readonly Row[] = text.split("\n").flatMap((content, index) => {
  if (!content.startsWith("|") || /^\|(?: Python \||---)/.test(content)) return [];
  const [, python, typescript, proof] = content.split(/(?<!\\)\|/).map((cell) => cell.trim());
  return [{ line: index + 1, python: python!, typescript: typescript!, proof: proof! }];
});

let server: HubServer;
let folder: string;
/** What the proofs see; they may set `pool`, `bert`, `encoded`, `output` for those that follow. */
let scope: Record<string, unknown>;
let model: sentensor.SentenceTransformer;
const environment = ["HF_ENDPOINT", "SENTENCE_TRANSFORMERS_HOME"] as const;
const saved = environment.map((name) => process.env[name]);
const workingDirectory = process.cwd();

before(async () => {
  server = await HubServer.start();
  server.publish("sentence-transformers/all-MiniLM-L6-v2", filesOfFixture("demo-en"));
  folder = await mkdtemp(join(tmpdir(), "sentensor-table-"));
  process.env.HF_ENDPOINT = server.url;
  process.env.SENTENCE_TRANSFORMERS_HOME = join(folder, "cache");
  process.chdir(fileURLToPath(new URL("..", import.meta.url)));
  model = await sentensor.SentenceTransformer.load("all-MiniLM-L6-v2");
  const sentences = ["the first text", "a second one", "and a third"];
  const later = { pool: undefined, bert: undefined, encoded: undefined, output: undefined };
  scope = { ...sentensor, ...later, model, sentences, folder: join(folder, "empty") };
});
after(async () => {
  for (const [i, name] of environment.entries()) {
    if (saved[i] === undefined) delete process.env[name];
    else process.env[name] = saved[i];
  }
  process.chdir(workingDirectory);
  await model.dispose();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const AsyncFunction = (async () => {}).constructor as new (
  ...parts: string[]
) => (scope: Record<string, unknown>) => Promise<unknown>;

for (const { line, python, typescript, proof } of rows) {
  test(`docs/python-to-typescript.md:${line}: ${python || typescript}`, async () => {
    if (proof === "") {
      assert.match(typescript, /^— /, "a row without a proof says why there is no counterpart");
      return;
    }
    const code = /^`(.*)`$/.exec(proof)?.[1]?.replaceAll("\\|", "|");
    assert.ok(code !== undefined, "the proof is one piece of code");
    // `with`: the proofs may set names of the scope.
    assert.equal(await new AsyncFunction("scope", `with (scope) { return (${code}); }`)(scope), true);
  });
}

test("the table is there", () => {
  assert.ok(rows.length > 70);
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
