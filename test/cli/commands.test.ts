/** The other commands. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { download } from "../../src/cli/commands/download.ts";
import { encode } from "../../src/cli/commands/encode.ts";
import { inspect } from "../../src/cli/commands/inspect.ts";
import { search } from "../../src/cli/commands/search.ts";
import { similarity } from "../../src/cli/commands/similarity.ts";
import { tokenize } from "../../src/cli/commands/tokenize.ts";
import { UsageError } from "../../src/cli/usage-error.ts";
import { AutoTokenizer, ModelNotFoundError, SentenceTransformer } from "../../src/index.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { HubServer } from "../helpers/hub-server.ts";
import { filesOfFixture, ModelFiles } from "../helpers/model-files.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { runCommand } from "./support.ts";

const DEMO = modelFolder("demo-en");
const corpus = [
  "money that is paid to the state",
  "a fish of cold rivers",
  "a building in which people pray",
  "a fish that lives in the sea",
  "the science of numbers",
];

const demo = await SentenceTransformer.load(DEMO, { threads: 1 });

const run = async (command: typeof encode, ...argv: readonly string[]) =>
  (await runCommand(command, [DEMO, "--threads", "1", ...argv])).stdout;

test("similarity prints what model.similarity gives", async () => {
  const [a, b] = await demo.encode(["trout", corpus[1]!]);
  const score = demo.similarity(a!, b!).data[0]!;
  assert.equal(await run(similarity, "trout", corpus[1]!), `${score.toFixed(4)}\n`);
  await assert.rejects(runCommand(similarity, [DEMO, "a"]), UsageError);
});

test("search prints the texts that are most like each query", async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, "corpus.txt");
  await writeFile(file, corpus.join("\n"));
  const found = (await run(search, "-i", file, "-k", "2", "trout", "church")).split("\n");
  assert.equal(found[0], "trout");
  assert.deepEqual([found[1], found[2]].map((line) => line!.replace(/^ *[\d.]+ {2}/, "")).sort(), [
    "2  a fish of cold rivers",
    "4  a fish that lives in the sea",
  ]);
  assert.deepEqual(found.slice(3, 5), ["", "church"]);
  assert.match(found[5]!, /^ {2}0\.\d{4} {2}3 {2}a building in which people pray$/);

  const stored = join(folder, "corpus.safetensors");
  await run(encode, "-i", file, "-o", stored);
  const scores = async (input: string) => {
    const lines = (await run(search, "-i", input, "--json", "trout")).trimEnd().split("\n");
    return lines.map(
      (line) => JSON.parse(line) as { query: string; score: number; number: number; text: string },
    );
  };
  const hits = await scores(file);
  assert.deepEqual(await scores(stored), hits, "embeddings that were stored serve as well as texts");
  const embeddings = await demo.encode(corpus);
  const query = await demo.encode("trout");
  const expected = corpus
    .map((text, i) => ({
      query: "trout",
      score: demo.similarity(query, embeddings[i]!).data[0]!,
      number: i + 1,
      text,
    }))
    .sort((a, b) => b.score - a.score);
  assert.deepEqual(hits, expected);
  await assert.rejects(runCommand(search, [DEMO, "query"]), UsageError);
  await assert.rejects(runCommand(search, [DEMO, "-i", file]), UsageError);
});

test("search goes through a corpus of more than one block, with the model's prompts", async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, "corpus.jsonl");
  const texts = Array.from({ length: 1500 }, (_, i) => `text ${i % 700}`);
  await writeFile(file, texts.map((text) => `${JSON.stringify({ body: text })}\n`).join(""));
  const model = modelFolder("bert-prompts-included");
  const own = await SentenceTransformer.load(model, { threads: 1 });
  const [query] = await own.encodeQuery(["text 77"]);
  const embeddings = await own.encodeDocument(texts);
  const best = [...own.similarity(query!, embeddings).data]
    .map((score, i) => ({ score, number: i + 1 }))
    .sort((a, b) => b.score - a.score || a.number - b.number)
    .slice(0, 5);
  await own.dispose();
  const argv = [model, "--threads", "1", "-i", file, "--field", "body", "-k", "5", "--json", "text 77"];
  const { stdout } = await runCommand(search, argv);
  const hits = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { score: number; number: number });
  assert.deepEqual(
    hits.map(({ score, number }) => ({ score, number })),
    best,
  );
});

test("tokenize prints ids, tokens and pieces of the text", async () => {
  const { inputIds } = (await AutoTokenizer.fromPretrained(DEMO)).encode("Unbelievable!");
  const { stdout } = await runCommand(tokenize, [DEMO, "Unbelievable!"]);
  const lines = stdout.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => Number(line.trim().split(" ")[0])),
    inputIds,
  );
  assert.match(lines.at(-2)!, /"!"$/);
  await assert.rejects(runCommand(tokenize, [DEMO]), UsageError);
});

test("inspect lists tensors", async () => {
  const { stdout } = await runCommand(inspect, [join(DEMO, "model.safetensors")]);
  assert.match(stdout, /embeddings\.word_embeddings\.weight +F\d+ +\[\d+, 128\]/);
  await assert.rejects(runCommand(inspect, []), UsageError);
});

test("download puts a model into the cache and prints its folder", async (t) => {
  const server = await HubServer.start();
  const cache = await temporaryFolder(t);
  const { HF_ENDPOINT } = process.env;
  process.env.HF_ENDPOINT = server.url;
  t.after(async () => {
    if (HF_ENDPOINT === undefined) delete process.env.HF_ENDPOINT;
    else process.env.HF_ENDPOINT = HF_ENDPOINT;
    await server.close();
  });
  server.publish("org/tiny", filesOfFixture("bert-mean"));
  const { stdout } = await runCommand(download, ["org/tiny", "--cache-folder", cache]);
  const folder = stdout.trimEnd();
  assert.ok(folder.startsWith(cache));
  assert.ok((await readFile(join(folder, "model.safetensors"))).length > 0);
  const { stdout: printed } = await runCommand(encode, [
    "org/tiny",
    "--cache-folder",
    cache,
    "--local-files-only",
    "a",
  ]);
  assert.match(printed, /^\{"sentence":"a","embedding":\[/);
  await assert.rejects(runCommand(download, ["org/none", "--cache-folder", cache]), ModelNotFoundError);
  await assert.rejects(runCommand(download, []), UsageError);
});

test("download rejects what cannot be loaded before weights are fetched, and takes what AutoModel takes", async (t) => {
  const server = await HubServer.start();
  const cache = await temporaryFolder(t);
  t.after(() => server.close());
  process.env.HF_ENDPOINT = server.url;
  t.after(() => delete process.env.HF_ENDPOINT);
  const model = () => ModelFiles.ofFixture("bert-mean");
  server.publish("org/t5", model().edit("config.json", { model_type: "t5" }).byPath);
  const reranker = JSON.stringify({ model_type: "CrossEncoder" });
  server.publish("org/reranker", model().write("config_sentence_transformers.json", reranker).byPath);
  const weights = () => server.requests.filter(({ url }) => url.endsWith("/model.safetensors")).length;
  await assert.rejects(runCommand(download, ["org/t5", "--cache-folder", cache]), {
    code: "unknown-model-type",
    subject: "t5",
  });
  assert.equal(weights(), 0);
  await runCommand(download, ["org/reranker", "--cache-folder", cache]);
  assert.equal(weights(), 1);
});

test("download fetches the routes of a Router as well: the model can be loaded without a connection", async (t) => {
  for (const fixture of ["router-saved", "router-mappings", "asym-legacy"]) {
    const server = await HubServer.start();
    const cache = await temporaryFolder(t);
    process.env.HF_ENDPOINT = server.url;
    t.after(() => delete process.env.HF_ENDPOINT);
    server.publish("org/router", filesOfFixture(fixture));
    await runCommand(download, ["org/router", "--cache-folder", cache]);
    await server.close();
    const model = await SentenceTransformer.load("org/router", {
      cacheFolder: cache,
      localFilesOnly: true,
      backend: "js",
    });
    await model.dispose();
  }
});
