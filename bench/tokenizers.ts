// Tokens per second of ids alone and of full encodings, how long a tokenizer takes to load, and how long for a line of
// 1 MB without spaces, over what it takes for 250 kB of it (4.0: linear time):
//
//     npx tsx bench/tokenizers.ts [part of a name]
//
// npm run bench:tokenizers compares with peers. This one runs
// on the lines of ../shared/corpus/definitions.txt, one core. Third-party tokenizers lie in ../shared; where
// that folder is not there, only the demo model's is measured, on the fixtures' training text.
import { existsSync, readFileSync } from "node:fs";
import type { FileSource } from "../src/files/file-source.ts";
import { openFolder } from "../src/sources/folder-source-node.ts";
import { MemorySource } from "../src/sources/memory-source.ts";
import { loadTokenizer } from "../src/tokenizer/load.ts";

const shared = new URL("../../shared/", import.meta.url);
const demo = new URL("../models/demo-en/", import.meta.url);
const ownText = new URL("../test/fixtures/tokenizers/training.txt", import.meta.url);

/** A folder of ../shared under other names, with a tokenizer_config.json. */
function renamed(files: Readonly<Record<string, string>>, tokenizerClass: string): FileSource {
  const config = { tokenizer_class: tokenizerClass };
  const contents = new Map([["tokenizer_config.json", new TextEncoder().encode(JSON.stringify(config))]]);
  for (const [name, path] of Object.entries(files)) {
    contents.set(name, readFileSync(new URL(`tokenizers/${path}`, shared)));
  }
  return new MemorySource(contents, tokenizerClass);
}

const sharedTokenizers: Readonly<Record<string, () => FileSource | Promise<FileSource>>> = {
  "all-MiniLM-L6-v2": () => openFolder(new URL("tokenizers/all-MiniLM-L6-v2/", shared)),
  "all-mpnet-base-v2": () => openFolder(new URL("tokenizers/all-mpnet-base-v2/", shared)),
  "bert-base-multilingual-cased": () =>
    renamed({ "vocab.txt": "bert-base-multilingual-cased/vocab.txt" }, "BertTokenizer"),
  "xlm-roberta-base": () =>
    renamed({ "tokenizer.json": "xlm-roberta-base/tokenizer.derived.json" }, "XLMRobertaTokenizer"),
  "xlnet-base-cased": () => renamed({ "spiece.model": "xlnet-base-cased/spiece.model" }, "XLNetTokenizer"),
  "roberta-base": () =>
    renamed(
      { "vocab.json": "roberta-base/vocab.json", "merges.txt": "roberta-base/merges.txt" },
      "RobertaTokenizer",
    ),
  gpt2: () => renamed({ "vocab.json": "gpt2/vocab.json", "merges.txt": "gpt2/merges.txt" }, "GPT2Tokenizer"),
  "ModernBERT-large": () => openFolder(new URL("tokenizers/ModernBERT-large/", shared)),
};

/** Millions a second, the best of several runs. */
function best(runs: number, once: () => number): number {
  let fastest = 0;
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    const tokens = once();
    fastest = Math.max(fastest, tokens / (performance.now() - started) / 1000);
  }
  return fastest;
}

/** Milliseconds, the best of several. */
function fastest(runs: number, once: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    once();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

async function measure(name: string, open: () => FileSource | Promise<FileSource>, lines: readonly string[]) {
  const source = await open();
  const started = performance.now();
  const tokenizer = await loadTokenizer(source);
  const loaded = performance.now() - started;
  const count = (tokensOf: (line: string) => number) => () => {
    let tokens = 0;
    for (const line of lines) tokens += tokensOf(line);
    return tokens;
  };
  const ids = count((line) => tokenizer.encodeIds(line).length);
  const firstStarted = performance.now();
  const tokens = ids();
  const first = tokens / (performance.now() - firstStarted) / 1000;
  const later = best(8, ids);
  const full = best(
    2,
    count((line) => tokenizer.encode(line).length),
  );
  const letters = lines.join("").replaceAll(/[^a-z]/g, "");
  const long = letters.repeat(Math.ceil(1e6 / letters.length)).slice(0, 1e6);
  const quarter = fastest(3, () => tokenizer.encodeIds(long.slice(0, 250_000)));
  const whole = fastest(3, () => tokenizer.encodeIds(long));
  console.log(
    [
      name.padEnd(30),
      `${tokens} tokens`.padStart(14),
      `load ${loaded.toFixed(0)} ms`.padStart(12),
      `ids ${later.toFixed(2)} M/s`.padStart(14),
      `first pass ${first.toFixed(2)} M/s`.padStart(20),
      `full ${full.toFixed(2)} M/s`.padStart(14),
      `1 MB ${whole.toFixed(0)} ms, × ${(whole / quarter).toFixed(1)}`.padStart(20),
    ].join(" "),
  );
}

const wanted = process.argv[2] ?? "";
const corpus = new URL("corpus/definitions.txt", shared);
const hasShared = existsSync(corpus);
if (!hasShared) console.log("../shared is not there: third-party tokenizers are skipped");
const lines = readFileSync(hasShared ? corpus : ownText, "utf8").split("\n");
const tokenizers = { "demo-en": () => openFolder(demo), ...(hasShared ? sharedTokenizers : {}) };
for (const [name, open] of Object.entries(tokenizers)) {
  if (name.includes(wanted)) await measure(name, open, lines);
}
