/** The command line of `npm run bench:peers`. */
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { MODEL_NAMES, type ModelName } from "./models.ts";

export const USAGE = `npm run bench:peers -- [options]     the tables go to stdout, all else to stderr

  --quick               as short as it can be: does everything run, and do the numbers agree?
  --only NAME,…         models (default minilm; ${MODEL_NAMES.join(", ")})
  --systems TEXT,…      only the systems whose name contains one of these
  --runs N              rounds (default 5; 1 with --quick)
  --threads N,…         numbers of threads to measure with (default 1,2)
  --node PATH           the Node that runs sentensor and transformers.js (default: this one)
  --python PATH         a Python with sentence-transformers (default: that of ../shared/tools/python-reference.sh)
  --models DIR          where the models lie (default bench/models)
  --corpus DIR          where definitions.txt and mixed-length.txt lie (default ../shared/corpus)
  --timeout SECONDS     for one answer of one system (default 300)
  --sort-peers          sorts the texts by length before transformers.js cuts them into batches
  --publish             writes all tables into docs/benchmarks.md, and a short one into README.md
  --json FILE           writes every single measurement there
sentensor:
  --build DIR           its build (default dist)
  --backend NAME        passed to SentenceTransformer.load
  --dtype NAME,…        passed to SentenceTransformer.load: one system each
  --wide-simd           measures each of them with \`wideSimd: true\`, too
  --baseline NAME       the system that ratios refer to (default: the first of sentensor)`;

export interface PeerOptions {
  readonly quick: boolean;
  readonly models: readonly ModelName[];
  readonly systems: readonly string[];
  readonly runs: number;
  readonly threads: readonly number[];
  readonly node: string;
  readonly python: string | undefined;
  readonly modelsFolder: string;
  readonly corpusFolder: string;
  readonly timeoutSeconds: number;
  readonly sortPeers: boolean;
  readonly publish: boolean;
  readonly json: string | undefined;
  readonly build: string;
  /** The address of the build's index. */
  readonly library: string;
  readonly backend: string | undefined;
  readonly dtypes: readonly (string | undefined)[];
  readonly wideSimd: boolean;
  readonly baseline: string | undefined;
}

export const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** Throws an Error that names the option; null where help is asked for. */
export function parseOptions(argv: readonly string[]): PeerOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      only: { type: "string", default: "minilm" },
      systems: { type: "string" },
      runs: { type: "string" },
      threads: { type: "string", default: "1,2" },
      node: { type: "string", default: process.execPath },
      python: { type: "string" },
      models: { type: "string", default: resolve(REPOSITORY, "bench/models") },
      corpus: { type: "string", default: resolve(REPOSITORY, "../shared/corpus") },
      timeout: { type: "string", default: "300" },
      "sort-peers": { type: "boolean", default: false },
      publish: { type: "boolean", default: false },
      json: { type: "string" },
      build: { type: "string", default: resolve(REPOSITORY, "dist") },
      backend: { type: "string" },
      dtype: { type: "string" },
      "wide-simd": { type: "boolean", default: false },
      baseline: { type: "string" },
    },
  });
  if (values.help) return null;
  const build = resolve(values.build);
  return {
    quick: values.quick,
    models: list(values.only).map(modelName),
    systems: list(values.systems),
    runs: values.runs === undefined ? (values.quick ? 1 : 5) : wholeNumber("--runs", values.runs),
    threads: list(values.threads).map((text) => wholeNumber("--threads", text)),
    node: values.node,
    python: values.python,
    modelsFolder: resolve(values.models),
    corpusFolder: resolve(values.corpus),
    timeoutSeconds: wholeNumber("--timeout", values.timeout),
    sortPeers: values["sort-peers"],
    publish: values.publish,
    json: values.json,
    build,
    library: pathToFileURL(resolve(build, "index.js")).href,
    backend: values.backend,
    dtypes: values.dtype === undefined ? [undefined] : list(values.dtype),
    wideSimd: values["wide-simd"],
    baseline: values.baseline,
  };
}

function list(text: string | undefined): readonly string[] {
  return (text ?? "").split(",").filter((part) => part !== "");
}

function modelName(text: string): ModelName {
  const found = MODEL_NAMES.find((name) => name === text);
  if (found === undefined) throw new Error(`--only: expected ${MODEL_NAMES.join(", ")}, got "${text}"`);
  return found;
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!(Number.isSafeInteger(value) && value > 0)) {
    throw new Error(`${option}: expected a whole number from 1 on, got "${text}"`);
  }
  return value;
}
