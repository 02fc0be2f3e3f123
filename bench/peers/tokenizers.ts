/**
 * npm run bench:tokenizers                        sentensor's tokenizers against peers, in turns, on the same lines
 * npm run bench:tokenizers -- --only minilm       one tokenizer: minilm, xlm-roberta or roberta
 * npm run bench:tokenizers -- --runs 9            rounds (default 5)
 * npm run bench:tokenizers -- --node PATH         the Node that runs sentensor and transformers.js
 * npm run bench:tokenizers -- --python PATH       a Python with `tokenizers` and `transformers`
 *
 * One process a system, one thread each, line by line over ../shared/corpus/definitions.txt with real tokenizers of
 * ../shared/tokenizers. In each round every system goes over the lines for half a second; its best pass counts, and
 * ratios are of the same round. The first pass of each process is shown, too: words are known in later ones, to all
 * systems that keep them. First the ids are compared: lines on which a peer gives other ids are counted.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Driver, killDrivers } from "./driver.ts";
import { describeCommit, describeMachine, machineLoad } from "./machine.ts";
import { REPOSITORY } from "./options.ts";
import { medianOfRounds, pairwiseRatios } from "./statistics.ts";

const SHARED = resolve(REPOSITORY, "../shared");
const PEERS = fileURLToPath(new URL(".", import.meta.url));
const driver = (file: string) => fileURLToPath(new URL(`./drivers/${file}`, import.meta.url));

/** Seconds of one measurement. */
const TURN = 0.5;

interface Subject {
  readonly name: string;
  /** File in the folder of the tokenizer → path in ../shared/tokenizers. */
  readonly files: Readonly<Record<string, string>>;
  /** tokenizer_config.json, where the folder has none. */
  readonly tokenizerClass?: string;
}

const SUBJECTS: readonly Subject[] = [
  {
    name: "minilm",
    files: {
      "tokenizer.json": "all-MiniLM-L6-v2/tokenizer.json",
      "tokenizer_config.json": "all-MiniLM-L6-v2/tokenizer_config.json",
    },
  },
  {
    name: "xlm-roberta",
    files: { "tokenizer.json": "xlm-roberta-base/tokenizer.derived.json" },
    tokenizerClass: "XLMRobertaTokenizer",
  },
  {
    name: "roberta",
    files: { "vocab.json": "roberta-base/vocab.json", "merges.txt": "roberta-base/merges.txt" },
    tokenizerClass: "RobertaTokenizer",
  },
];

interface System {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly load: object;
}

interface Loaded {
  readonly description: string;
  readonly loadSeconds: number;
  readonly importSeconds: number;
}

interface Result {
  readonly system: System;
  readonly driver: Driver;
  readonly loaded: Loaded;
  /** Seconds of the first pass of the process: nothing is compiled, and no word is known. */
  readonly first: number;
  readonly rounds: number[];
}

function listSystems(node: string, python: string | null): System[] {
  const library = pathToFileURL(join(REPOSITORY, "dist/index.js")).href;
  const ours = { program: node, args: [driver("tokenizer-sentensor.mjs")] };
  const systems: System[] = [
    { name: "sentensor, ids", ...ours, load: { library, full: false } },
    { name: "sentensor, full encodings", ...ours, load: { library, full: true } },
  ];
  if (existsSync(join(PEERS, "node_modules/@huggingface/transformers"))) {
    const args = [driver("tokenizer-transformers-js.mjs")];
    systems.push({ name: "transformers.js", program: node, args, load: {} });
  } else {
    console.error(
      "skipped: transformers.js, which is not installed; npm ci --ignore-scripts --prefix bench/peers",
    );
  }
  if (python !== null) {
    const theirs = { program: python, args: [driver("tokenizers_driver.py")] };
    systems.push({ name: "Python tokenizers", ...theirs, load: { fast: false } });
    systems.push({ name: "Python tokenizers, no offsets", ...theirs, load: { fast: true } });
  }
  return systems;
}

/** A folder that every system can load: with tokenizer.json, which Python makes where there are only its parts. */
async function makeFolder(root: string, subject: Subject, python: string | null): Promise<string> {
  const folder = join(root, subject.name);
  mkdirSync(folder);
  for (const [name, path] of Object.entries(subject.files)) {
    copyFileSync(join(SHARED, "tokenizers", path), join(folder, name));
  }
  if (subject.tokenizerClass !== undefined) {
    const config = { tokenizer_class: subject.tokenizerClass };
    writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(config));
  }
  if (existsSync(join(folder, "tokenizer.json"))) return folder;
  if (python === null) throw new Error("its tokenizer.json has to be made by Python, which is not there");
  const into = join(root, `${subject.name}-saved`);
  const maker = start({ name: "Python", program: python, args: [driver("tokenizers_driver.py")], load: {} });
  await maker.request("prepare" as "load", { folder, into });
  await maker.close();
  return into;
}

function start({ name, program, args }: System): Driver {
  const environment = { RAYON_NUM_THREADS: "1", TOKENIZERS_PARALLELISM: "false" };
  return new Driver(name, { program, args, environment }, 120);
}

/** Lines whose ids differ from those of the first system. */
async function compare(results: readonly Result[], lines: readonly string[]): Promise<Map<Result, number>> {
  const different = new Map<Result, number>(results.map((result) => [result, 0]));
  const step = 50;
  for (let at = 0; at < lines.length; at += step) {
    const texts = lines.slice(at, at + step);
    const all = await Promise.all(results.map((result) => result.driver.request("count", { texts })));
    for (const [i, { counts }] of all.entries()) {
      if (`${counts}` === `${all[0]!.counts}`) continue;
      for (const text of texts) {
        const [ours, theirs] = await Promise.all(
          [results[0]!, results[i]!].map((result) => result.driver.request("count", { texts: [text] })),
        );
        if (`${ours!.counts}` !== `${theirs!.counts}`)
          different.set(results[i]!, different.get(results[i]!)! + 1);
      }
    }
  }
  return different;
}

async function measure(
  subject: Subject,
  folder: string,
  systems: readonly System[],
  lines: readonly string[],
  runs: number,
) {
  const timed = { texts: lines, batchSize: 1, minSeconds: TURN };
  const results: Result[] = [];
  for (const system of systems) {
    const driver = start(system);
    const loaded = (await driver.request("load", { ...system.load, folder })) as Loaded;
    const { passes } = await driver.request("time", { ...timed, minSeconds: 0 });
    results.push({ system, driver, loaded, first: passes[0]!, rounds: [] });
  }
  const first = results[0]!;
  const { counts } = await first.driver.request("count", { texts: lines });
  const different = await compare(results, lines);
  for (const { driver } of results) await driver.request("time", timed); // until everything is compiled
  for (let round = 0; round < runs; round++) {
    for (const { driver, rounds } of results) {
      const { passes } = await driver.request("time", timed);
      rounds.push(counts.length / Math.min(...passes));
    }
  }
  console.log(
    `\n${subject.name}: ${lines.length} lines, ${counts.length.toLocaleString("en")} tokens, ${runs} rounds\n`,
  );
  console.log(
    "| system | load ms | M tokens/s, first pass | later | sentensor's ids are faster by | lines with other ids |",
  );
  console.log("|---|---|---|---|---|---|");
  for (const result of results) {
    const { system, loaded, first: firstPass, rounds } = result;
    const cold = (counts.length / firstPass / 1e6).toFixed(2);
    const ratio = pairwiseRatios(first.rounds, rounds)!;
    const times = `${ratio.median.toFixed(1)} × (${ratio.least.toFixed(1)}–${ratio.most.toFixed(1)})`;
    const speed = (medianOfRounds(rounds)! / 1e6).toFixed(2);
    console.log(
      `| ${system.name} (${loaded.description}) | ${(loaded.loadSeconds * 1000).toFixed(0)} | ${cold} | ${speed} | ${times} | ${different.get(result)} |`,
    );
  }
  for (const { driver } of results) await driver.close();
}

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    runs: { type: "string", default: "5" },
    node: { type: "string", default: process.execPath },
    python: { type: "string" },
  },
});
const environment = process.env.REFERENCE_VENV ?? join(tmpdir(), "sentensor-reference");
const python = values.python ?? join(environment, "bin/python");
const hasPython = existsSync(python);
if (!hasPython) console.error(`skipped: Python, since there is no ${python}; see --python`);
const corpus = join(SHARED, "corpus/definitions.txt");
if (!existsSync(corpus)) throw new Error(`no ${corpus}: real tokenizers and texts lie in ../shared`);
const chosen = SUBJECTS.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) {
  throw new Error(`--only: expected ${SUBJECTS.map(({ name }) => name).join(", ")}, got "${values.only}"`);
}
const root = mkdtempSync(join(tmpdir(), "sentensor-tokenizers-"));
process.once("exit", () => {
  killDrivers();
  rmSync(root, { recursive: true, force: true });
});
console.log(
  `${describeMachine()}; commit ${describeCommit()}; load ${machineLoad().toFixed(1)} at the start`,
);
const lines = readFileSync(corpus, "utf8").trimEnd().split("\n");
for (const subject of chosen) {
  try {
    const folder = await makeFolder(root, subject, hasPython ? python : null);
    await measure(
      subject,
      folder,
      listSystems(values.node, hasPython ? python : null),
      lines,
      Number(values.runs),
    );
  } catch (error) {
    console.error(`${subject.name}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
