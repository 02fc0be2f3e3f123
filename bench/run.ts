/** npm run bench: kernels, whole models, their share of the peak, search. */
import { parseArgs } from "node:util";
import type { BackendName } from "../src/tensor/placement.ts";
import { benchEncode } from "./encode.ts";
import { benchKernels } from "./kernels.ts";
import { benchPeak } from "./peak.ts";
import { benchSearch } from "./search.ts";

const USAGE = `npm run bench                                  kernels, whole models, their share of the peak, search
npm run bench -- kernels linear e5-large       what contains all of these words
npm run bench -- encode --backend js           one backend
npm run bench -- peak                          what share of the core's multiply-adds is used
npm run bench -- search                        1,000 queries in 100,000 embeddings
npm run bench -- --quick                       as short as it can be: does everything work?`;

const BACKENDS = ["js", "wasm"] as const satisfies readonly BackendName[];

interface BenchOptions {
  readonly backends: readonly BackendName[];
  readonly filters: readonly string[];
  readonly quick: boolean;
}

const BENCHES: Readonly<Record<string, (options: BenchOptions) => Promise<void>>> = {
  kernels: benchKernels,
  encode: benchEncode,
  peak: benchPeak,
  search: benchSearch,
};

async function run(argv: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      backend: { type: "string", multiple: true },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const [name, ...filters] = positionals;
  if (name !== undefined && BENCHES[name] === undefined) {
    throw new Error(`expected ${Object.keys(BENCHES).join(", ")}, got "${name}"`);
  }
  const backends = BACKENDS.filter((backend) => values.backend?.includes(backend) ?? true);
  if (backends.length < (values.backend?.length ?? 1)) {
    throw new Error(`--backend: expected ${BACKENDS.join(" or ")}, got ${values.backend?.join(", ")}`);
  }
  console.log(`Node ${process.version}, ${process.platform} ${process.arch}`);
  for (const [key, bench] of Object.entries(BENCHES)) {
    if (name === undefined || name === key) await bench({ backends, filters, quick: values.quick });
  }
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  // What is wrong with the command line is told in a line; anything else is a bug, and needs its place.
  const code = (error as { code?: string }).code ?? "";
  if (!code.startsWith("ERR_PARSE_ARGS") && (error as Error).constructor !== Error) throw error;
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
